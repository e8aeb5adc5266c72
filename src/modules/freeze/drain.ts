import { setTimeout as sleep } from 'node:timers/promises'
import type { Database } from '../../database/client.js'
import { faultOf } from '../../database/faults.js'
import { Prisma } from '../../database/generated/client.js'
import { sqlReader, sqlTransaction } from '../../database/transaction.js'

/**
 * The longest that draining takes. A transaction that does nothing is ended by PostgreSQL after 15 s: whoever fell silent
 * with a lock has lost it before this is over.
 */
const LONGEST_DRAIN_MS = 16_000
/** So long the turn of one environment is waited for, before the others are looked at again. */
const LONGEST_TURN_MS = 500
/** So that a database that refuses at once is not asked without a pause. */
const PAUSE_MS = 50
const CHUNK = 500

/** How draining ended. */
export interface Drained {
  /** The keys of environments whose rows somebody held all the time. */
  readonly held: readonly string[]
  /** Whether all environments were looked at. */
  readonly isComplete: boolean
}

/**
 * Waits until nobody decides any more about environments by what was stored before this is called. Everything that
 * starts a deployment holds the lock of its environment from before it reads freezes until its transaction ends: once
 * that lock was free, or was got in turn, whoever gets it next reads what is stored now.
 *
 * It never fails, and locks no two environments that anybody waits for: rows that are free are locked for one statement,
 * those that are held are waited for one by one, in the line of all others who wait for them.
 */
export async function drain(database: Database, isIncluded: Prisma.Sql): Promise<Drained> {
  const deadline = performance.now() + LONGEST_DRAIN_MS
  const isOver = () => performance.now() >= deadline
  const held: string[] = []
  let after: string | null = null
  for (;;) {
    const chunk: readonly string[] | null = isOver()
      ? null
      : await unlessFaulty(() => next(database, isIncluded, after))
    const stillHeld = chunk === null ? null : await unlessFaulty(() => heldAmong(database, chunk))
    if (chunk === null || stillHeld === null) {
      if (isOver()) return { held, isComplete: false }
      await sleep(PAUSE_MS)
      continue
    }
    held.push(...stillHeld)
    after = chunk.at(-1) ?? null
    if (chunk.length < CHUNK) break
  }
  return { held: await drainHeld(database, held, isOver), isComplete: true }
}

async function drainHeld(
  database: Database,
  held: readonly string[],
  isOver: () => boolean,
): Promise<readonly string[]> {
  let remaining = held
  while (!isOver()) {
    const [first, ...others] = remaining
    if (first === undefined) break
    const isFree = await unlessFaulty(() => takeTurn(database, first))
    if (isFree === null) await sleep(PAUSE_MS)
    // Whoever is still held goes to the end of the line, so that one of them does not use up the time of all.
    const stillHeld = (await unlessFaulty(() => heldAmong(database, others))) ?? others
    remaining = isFree ? stillHeld : [...stillHeld, first]
  }
  return remaining
}

function next(database: Database, isIncluded: Prisma.Sql, after: string | null): Promise<readonly string[]> {
  const isAfter = after === null ? Prisma.sql`true` : Prisma.sql`id > ${after}::uuid`
  return idsOf(
    database,
    Prisma.sql`SELECT id FROM environments WHERE ${isIncluded} AND ${isAfter} ORDER BY id LIMIT ${CHUNK}`,
  )
}

/** Those of environments whose rows somebody holds. One that is gone counts, and is found to be free in its turn. */
async function heldAmong(database: Database, ids: readonly string[]): Promise<readonly string[]> {
  if (ids.length === 0) return []
  const free = new Set(
    await idsOf(
      database,
      Prisma.sql`SELECT id FROM environments WHERE id = ANY (${ids}::uuid[]) FOR NO KEY UPDATE SKIP LOCKED`,
    ),
  )
  return ids.filter(id => !free.has(id))
}

/** Gets the lock of an environment, and lets it go. */
async function takeTurn(database: Database, id: string): Promise<boolean> {
  return sqlTransaction(database, async tx => {
    await tx.$queryRaw(Prisma.sql`SELECT set_config('lock_timeout', ${String(LONGEST_TURN_MS)}, true)`)
    await tx.$queryRaw(Prisma.sql`SELECT id FROM environments WHERE id = ${id}::uuid FOR NO KEY UPDATE`)
    return true
  })
}

async function idsOf(database: Database, statement: Prisma.Sql): Promise<readonly string[]> {
  const rows = await sqlReader(database).$queryRaw<{ id: string }[]>(statement)
  return rows.map(({ id }) => id)
}

/** What work answers; null when the database does not do it now, or not in time. */
async function unlessFaulty<Result>(work: () => Promise<Result>): Promise<Result | null> {
  try {
    return await work()
  } catch (error) {
    if (faultOf(error) === null) throw error
    return null
  }
}
