import type { Pool, PoolClient } from 'pg'
import type { Database } from './client.js'
import type { Prisma } from './generated/client.js'
import { statementNames } from './statement-names.js'

declare const inTransaction: unique symbol

/** Where SQL can be run: the database as it is now, or a transaction of either kind. */
export interface SqlReader {
  /** @returns the rows, in the shape that the statement's column names give them */
  $queryRaw<Rows>(statement: Prisma.Sql): PromiseLike<Rows>
}

/**
 * Statements that are kept or undone together. Branded, since a plain client would otherwise fit where one is asked for,
 * and what it wrote would not be undone with the rest.
 */
export interface SqlTransaction extends SqlReader {
  readonly [inTransaction]: true
}

/** A transaction that has Prisma's whole client. */
export type Transaction = Prisma.TransactionClient & SqlTransaction

/**
 * Runs `work` in one transaction (READ COMMITTED): all that it writes is kept, or none of it when it throws. It must
 * call nothing outside the database, since it holds locks meanwhile.
 */
export function transaction<Result>(database: Database, work: (tx: Transaction) => Promise<Result>): Promise<Result> {
  return database.$transaction(client => work(client as Transaction), { maxWait: 20_000, timeout: 20_000 })
}

/**
 * The same for SQL alone, on the same connections, at a third of the cost: for what pipelines call all the time.
 * Prisma takes longer to build a short statement than PostgreSQL to run it.
 */
export async function sqlTransaction<Result>(
  database: Database,
  work: (tx: SqlTransaction) => Promise<Result>,
): Promise<Result> {
  const client = await database.pool.connect()
  // A connection that is lost between two statements is told by the next one.
  client.on('error', ignore)
  let isSound = true
  try {
    await client.query('BEGIN')
    const result = await work(runnerOn(client))
    await client.query('COMMIT')
    return result
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {
      isSound = false
    })
    throw error
  } finally {
    client.off('error', ignore)
    client.release(!isSound)
  }
}

/** Reads the database as it is now with SQL alone, at the same low cost. Each statement sees one state of the data. */
export function sqlReader({ pool }: Database): SqlReader {
  return runnerOn(pool)
}

const nameOf = statementNames('sql')

function runnerOn(client: Pool | PoolClient): SqlTransaction {
  const run: SqlReader = {
    $queryRaw: async <Rows>({ text, values }: Prisma.Sql) => {
      const { rows } = await client.query({ name: nameOf(text), text, values })
      return rows as Rows
    },
  }
  return run as SqlTransaction
}

function ignore(): void {}
