import { Prisma } from './generated/client.js'

/** Runs `work`; when the database refuses a row since another one has the same unique value, `refusal` is thrown. */
export async function refusingDuplicates<Result>(refusal: Error, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    throw isUniqueViolation(error) ? refusal : error
  }
}

function isUniqueViolation(error: unknown): boolean {
  return error instanceof Prisma.PrismaClientKnownRequestError && error.code === 'P2002'
}
