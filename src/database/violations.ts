import { Prisma } from './generated/client.js'

/** Runs `work`; when the database refuses a row since another one has the same unique value, `refusal` is thrown. */
export async function refusingDuplicates<Result>(refusal: Error, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    throw isUniqueViolation(error) ? refusal : error
  }
}

/** Prisma's code, and PostgreSQL's own where a statement was run without Prisma. */
function isUniqueViolation(error: unknown): boolean {
  if (error instanceof Prisma.PrismaClientKnownRequestError) return error.code === 'P2002'
  return error instanceof Error && 'code' in error && error.code === '23505'
}
