/** An answer that changes with time alone. It is right for the moment in which it is read, and must not be kept. */
export class OfTheMoment {
  constructor(readonly answer: unknown) {}
}

export function ofTheMoment(answer: unknown): OfTheMoment {
  return new OfTheMoment(answer)
}
