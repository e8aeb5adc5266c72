import { setTimeout as sleep } from 'node:timers/promises'
import type { Pool, PoolClient } from 'pg'
import { SlipwayError } from '../core/errors.js'
import { AskerLeft } from './asker-left.js'
import type { Database } from './client.js'
import { faultOf } from './faults.js'
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

/** A transaction that runs into another one is repeated this often at most, with a pause that grows. */
const MOST_TRIES = 6
const FIRST_PAUSE_MS = 5

/**
 * Runs `work` in one transaction (READ COMMITTED): all that it writes is kept, or none of it when it throws. It must
 * call nothing outside the database, since it holds locks meanwhile. Where PostgreSQL undoes it because of another
 * transaction, `work` runs again from the beginning; so it must leave nothing behind but what it writes.
 */
export function transaction<Result>(database: Database, work: (tx: Transaction) => Promise<Result>): Promise<Result> {
  return repeatingConflicts(database, () =>
    database.$transaction(client => work(client as Transaction), { maxWait: 20_000, timeout: 20_000 }),
  )
}

/**
 * The same for SQL alone, on the same connections, at a third of the cost: for what pipelines call all the time.
 * Prisma takes longer to build a short statement than PostgreSQL to run it.
 */
export function sqlTransaction<Result>(
  database: Database,
  work: (tx: SqlTransaction) => Promise<Result>,
): Promise<Result> {
  return repeatingConflicts(database, () => runTransaction(database, work))
}

async function runTransaction<Result>(
  { pool }: Database,
  work: (tx: SqlTransaction) => Promise<Result>,
): Promise<Result> {
  const client = await connect(pool)
  // A connection that is lost between two statements is told by the next one.
  client.on('error', ignore)
  let isSound = true
  try {
    await client.query('BEGIN')
    const result = await work(runnerOn(client))
    await client.query('COMMIT')
    return result
  } catch (error) {
    // Of a connection that does not answer, the end of the transaction would be waited for as long again.
    isSound = faultOf(error) !== 'unavailable'
    if (isSound) {
      await client.query('ROLLBACK').catch(() => {
        isSound = false
      })
    }
    throw error
  } finally {
    client.off('error', ignore)
    client.release(!isSound)
  }
}

async function repeatingConflicts<Result>({ pool }: Database, run: () => Promise<Result>): Promise<Result> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await run()
    } catch (error) {
      const fault = faultOf(error)
      if (fault === 'read-only') pool.renew()
      if (fault !== 'conflict' || tries === MOST_TRIES) throw error
      await sleep(FIRST_PAUSE_MS * 2 ** tries * Math.random())
    }
  }
}

/** Reads the database as it is now with SQL alone, at the same low cost. Each statement sees one state of the data. */
export function sqlReader({ pool }: Pick<Database, 'pool'>): SqlReader {
  return { $queryRaw: statement => onConnection(pool, client => runnerOn(client).$queryRaw(statement)) }
}

/**
 * Reads for the queries of dashboards, on connections of their own.
 *
 * @param signal when it is aborted, nobody waits for the rows any more: the statement is canceled
 * @throws AskerLeft when it was aborted
 */
export function queryReader({ pool, queryPool }: Database, signal?: AbortSignal): SqlReader {
  const read = async (statement: Prisma.Sql) => {
    if (signal?.aborted) throw new AskerLeft()
    const client = await connect(queryPool)
    let canceling: Promise<unknown> | undefined
    // The connection is kept until the cancellation was sent, and never used again: it can hit nobody else's statement.
    const cancel = () => {
      canceling = pool.query('SELECT pg_cancel_backend($1)', [processIdOf(client)]).catch(ignore)
    }
    signal?.addEventListener('abort', cancel)
    client.on('error', ignore)
    let isSound = true
    try {
      if (signal?.aborted) throw new AskerLeft()
      return await runnerOn(client).$queryRaw<unknown>(statement)
    } catch (error) {
      isSound = faultOf(error) !== 'unavailable'
      throw signal?.aborted ? new AskerLeft() : error
    } finally {
      signal?.removeEventListener('abort', cancel)
      await canceling
      client.off('error', ignore)
      client.release(!isSound || canceling !== undefined)
    }
  }
  return { $queryRaw: read as SqlReader['$queryRaw'] }
}

/** Which backend serves a connection; pg knows it, and its types do not. */
function processIdOf(client: PoolClient): number | null {
  return (client as PoolClient & { readonly processID?: number }).processID ?? null
}

/** When this many wait for a connection already, the next one would not get one in time. */
const LONGEST_LINE = 500

function connect(pool: Pool): Promise<PoolClient> {
  if (pool.waitingCount >= LONGEST_LINE) {
    throw new SlipwayError('DATABASE_UNAVAILABLE', {
      retryAfter: 5,
      cause: new Error(`${LONGEST_LINE} wait for a connection already`),
    })
  }
  return pool.connect()
}

async function onConnection<Result>(pool: Pool, work: (client: PoolClient) => PromiseLike<Result>): Promise<Result> {
  const client = await connect(pool)
  client.on('error', ignore)
  let isSound = true
  try {
    return await work(client)
  } catch (error) {
    isSound = faultOf(error) !== 'unavailable'
    throw error
  } finally {
    client.off('error', ignore)
    client.release(!isSound)
  }
}

const nameOf = statementNames('sql')

function runnerOn(client: PoolClient): SqlTransaction {
  const run: SqlReader = {
    $queryRaw: async <Rows>({ text, values }: Prisma.Sql) => {
      const { rows } = await client.query({ name: nameOf(text), text, values })
      return rows as Rows
    },
  }
  return run as SqlTransaction
}

function ignore(): void {}
