import type { Database } from './client.js'
import type { Prisma } from './generated/client.js'

declare const inTransaction: unique symbol

/**
 * A client whose statements belong to one transaction. Branded, since a plain client would otherwise fit where one is
 * asked for, and what it wrote would not be undone with the rest.
 */
export type Transaction = Prisma.TransactionClient & { readonly [inTransaction]: true }

/** Where rows can be read from: a transaction, or the database as it is now. */
export type Reader = Database | Transaction

/**
 * Runs `work` in one transaction (READ COMMITTED): all that it writes is kept, or none of it when it throws. It must
 * call nothing outside the database, since it holds locks meanwhile.
 */
export function transaction<Result>(database: Database, work: (tx: Transaction) => Promise<Result>): Promise<Result> {
  // Calls that wait for the same environment stand in line for a connection; they are short, so the line may be long.
  return database.$transaction(client => work(client as Transaction), { maxWait: 20_000, timeout: 20_000 })
}
