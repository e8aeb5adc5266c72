import { setTimeout as sleep } from 'node:timers/promises'
import type { PoolClient } from 'pg'
import { AskerLeft } from './asker-left.js'
import type { Database } from './client.js'
import { EnqueuedJobs } from './enqueued-jobs.js'
import { faultOf } from './faults.js'
import type { Prisma } from './generated/client.js'
import type { RenewablePool } from './renewable-pool.js'
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
 *
 * What a transaction locks it locks in this order, so that no two wait for each other: a project, environments in the
 * order of their keys, a candidate, a freeze, runs and what belongs to them. Jobs (`EnqueuedJobs`) and the versions of
 * projects (deferred triggers) come last, without anybody's doing.
 */
export interface SqlTransaction extends SqlReader {
  readonly [inTransaction]: true
}

/** A transaction that has Prisma's whole client. */
export type Transaction = Prisma.TransactionClient & SqlTransaction

/** A transaction that runs into another one is repeated this often at most, with a pause that grows. */
const MOST_TRIES = 6
const FIRST_PAUSE_MS = 5
/** As long as anybody waits for a connection, and as a statement may take. */
const LONGEST_TRANSACTION_MS = 20_000

/** A database of which a transaction asks for its turn first. */
interface InTurn {
  readonly database: Database
  readonly turn: string
}

/**
 * Where a transaction is to be run that locks something which others lock, too. At most a few of one turn are under way at
 * once in this process, so that a row which somebody else holds does not take all connections.
 *
 * @param turn names what is locked
 */
export function inTurn(database: Database, turn: string): InTurn {
  return { database, turn }
}

/**
 * Runs `work` in one transaction (READ COMMITTED): all that it writes is kept, or none of it when it throws. It must
 * call nothing outside the database, since it holds locks meanwhile. Where PostgreSQL undoes it because of another
 * transaction, `work` runs again from the beginning; so it must leave nothing behind but what it writes.
 */
export function transaction<Result>(
  where: Database | InTurn,
  work: (tx: Transaction) => Promise<Result>,
): Promise<Result> {
  return carryOut(where, database =>
    database.$transaction(client => withJobs(client as Transaction, work), {
      maxWait: LONGEST_TRANSACTION_MS,
      timeout: LONGEST_TRANSACTION_MS,
    }),
  )
}

/**
 * The same for SQL alone, on the same connections, at a third of the cost: for what pipelines call all the time.
 * Prisma takes longer to build a short statement than PostgreSQL to run it.
 */
export function sqlTransaction<Result>(
  where: Database | InTurn,
  work: (tx: SqlTransaction) => Promise<Result>,
): Promise<Result> {
  return carryOut(where, database => runTransaction(database, work))
}

function carryOut<Result>(where: Database | InTurn, run: (database: Database) => Promise<Result>): Promise<Result> {
  const database = 'turn' in where ? where.database : where
  database.queryQueue.makeWay()
  const work = () => repeatingConflicts(database, run)
  return 'turn' in where ? database.turns.take(where.turn, work) : work()
}

function runTransaction<Result>({ pool }: Database, work: (tx: SqlTransaction) => Promise<Result>): Promise<Result> {
  return onConnection(pool, async client => {
    try {
      await client.query('BEGIN')
      const result = await withJobs(sqlOn(client) as SqlTransaction, work)
      const { command } = await client.query('COMMIT')
      // PostgreSQL's answer when a statement had failed and `work` went on regardless.
      if (command !== 'COMMIT') throw new Error('A transaction in which a statement had failed was not kept')
      return result
    } catch (error) {
      // Of a connection that does not answer, the end of the transaction would be waited for as long again.
      if (faultOf(error) !== 'lost') await rollBack(client)
      throw error
    }
  })
}

async function rollBack(client: PoolClient): Promise<void> {
  await client.query('ROLLBACK').catch(() => {
    // The connection is lost, and the transaction with it: the next statement on it tells.
  })
}

const jobs = new WeakMap<SqlTransaction, EnqueuedJobs>()

/** Where the jobs gather that a transaction enqueues. */
export function enqueuedJobs(tx: SqlTransaction): EnqueuedJobs {
  const enqueued = jobs.get(tx)
  if (enqueued === undefined) throw new Error('The transaction was not begun here')
  return enqueued
}

async function withJobs<Tx extends SqlTransaction, Result>(tx: Tx, work: (tx: Tx) => Promise<Result>): Promise<Result> {
  const enqueued = new EnqueuedJobs()
  jobs.set(tx, enqueued)
  const result = await work(tx)
  await enqueued.store(tx)
  return result
}

async function repeatingConflicts<Result>(
  database: Database,
  run: (database: Database) => Promise<Result>,
): Promise<Result> {
  let wasReadOnly = false
  for (let tries = 1; ; tries += 1) {
    try {
      return await run(database)
    } catch (error) {
      const fault = faultOf(error)
      // Prisma gives its connections back whatever happened on them.
      if (fault === 'lost' || fault === 'read-only') database.pool.renew()
      // Only its session may be read-only, and the database not any more.
      const isWorthAnother = fault === 'conflict' || (fault === 'read-only' && !wasReadOnly)
      if (!isWorthAnother || tries === MOST_TRIES) throw error
      wasReadOnly ||= fault === 'read-only'
      await sleep(FIRST_PAUSE_MS * 2 ** tries * Math.random())
    }
  }
}

/** Reads the database as it is now with SQL alone, at the same low cost. Each statement sees one state of the data. */
export function sqlReader({ pool }: Pick<Database, 'pool'>): SqlReader {
  return { $queryRaw: statement => onConnection(pool, client => sqlOn(client).$queryRaw(statement)) }
}

/**
 * Reads for the queries of dashboards, on connections of their own.
 *
 * @param signal when it is aborted, nobody waits for the rows any more: the statement is canceled, and who still waits for
 *   a connection leaves the line
 * @throws AskerLeft when it was aborted
 */
export function queryReader({ pool, queryPool }: Database, signal: AbortSignal): SqlReader {
  const read = async (statement: Prisma.Sql) => {
    const client = await unlessLeft(signal, queryPool.connect(), late => late.release())
    let canceling: Promise<void> | undefined
    // The connection is kept until the cancellation was sent, and never used again: it can hit nobody else's statement.
    const cancel = () => {
      canceling = pool.cancel(queryPool.backendOf(client)).catch(ignore)
    }
    client.on('error', ignore)
    signal.addEventListener('abort', cancel)
    let isSound = true
    try {
      return await sqlOn(client).$queryRaw<unknown>(statement)
    } catch (error) {
      if (signal.aborted) throw new AskerLeft()
      isSound = judge(queryPool, client, error)
      throw error
    } finally {
      signal.removeEventListener('abort', cancel)
      await canceling
      client.off('error', ignore)
      client.release(!isSound || canceling !== undefined)
    }
  }
  return { $queryRaw: read as SqlReader['$queryRaw'] }
}

/** Waits for something until the signal is aborted. What comes afterwards is given to `giveBack`. */
async function unlessLeft<Value>(
  signal: AbortSignal,
  coming: Promise<Value>,
  giveBack: (late: Value) => void,
): Promise<Value> {
  let leave: (() => void) | undefined
  const left = new Promise<never>((_resolve, reject) => {
    leave = () => reject(new AskerLeft())
    if (signal.aborted) leave()
    else signal.addEventListener('abort', leave)
  })
  try {
    return await Promise.race([left, coming])
  } catch (error) {
    if (error instanceof AskerLeft) coming.then(giveBack, ignore)
    throw error
  } finally {
    if (leave !== undefined) signal.removeEventListener('abort', leave)
  }
}

/** Works on a connection, which is thrown away when it cannot be relied on afterwards. */
async function onConnection<Result>(
  pool: RenewablePool,
  work: (client: PoolClient) => PromiseLike<Result>,
): Promise<Result> {
  const client = await pool.connect()
  // A connection that is lost between two statements is told by the next one.
  client.on('error', ignore)
  let isSound = true
  try {
    return await work(client)
  } catch (error) {
    isSound = judge(pool, client, error)
    throw error
  } finally {
    client.off('error', ignore)
    client.release(!isSound)
  }
}

/** Whether a connection on which this happened can still be used; if not, those of the same age are not either. */
function judge(pool: RenewablePool, client: PoolClient, error: unknown): boolean {
  const fault = faultOf(error)
  const isSound = fault !== 'lost' && fault !== 'read-only'
  if (!isSound) pool.renew(client)
  return isSound
}

const nameOf = statementNames('sql')

/** Runs SQL on a connection. */
function sqlOn(client: PoolClient): SqlReader {
  return {
    $queryRaw: async <Rows>({ text, values }: Prisma.Sql) => {
      const { rows } = await client.query({ name: nameOf(text), text, values })
      return rows as Rows
    },
  }
}

function ignore(): void {}
