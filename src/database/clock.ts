import { Prisma } from './generated/client.js'
import type { SqlReader } from './transaction.js'

/**
 * The current time by the database's clock, which all replicas of the server share. Times that are compared with one
 * another must come from one clock, or a report taken by a replica whose clock is behind would count as late.
 */
export async function currentTime(reader: SqlReader): Promise<Date> {
  const [row] = await reader.$queryRaw<[{ now: Date }]>(Prisma.sql`SELECT clock_timestamp() AS now`)
  return row.now
}
