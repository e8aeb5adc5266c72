/** Nobody waits for the answer any more: what was asked is given up, and nothing is wrong. */
export class AskerLeft extends Error {
  override readonly name = 'AskerLeft'

  constructor() {
    super('Whoever asked has left')
  }
}
