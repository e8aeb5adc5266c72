import type { Database } from '../../database/client.js'
import { currentTime } from '../../database/clock.js'
import { faultOf } from '../../database/faults.js'
import { Prisma } from '../../database/generated/client.js'
import { type SqlTransaction, sqlReader, sqlTransaction } from '../../database/transaction.js'
import { deleteSuperseded, haveNoJob } from '../../jobs/jobs.js'
import { wakeWaiting } from '../deployment/follow-up.js'
import type { TrackingContext } from './advance.service.js'
import { overdueRuns, wakeFollowedRuns, wakeOverdueRun } from './run.store.js'

/** A run, or a gate, about which nothing was done this long after it was due has lost its job. */
const OVERDUE_MS = 2 * 60_000
/** A round wakes this many of a kind at most; the next one, a minute later, goes on. */
const MOST_WOKEN = 1_000
/** After this many that could not be woken, such as because somebody holds their jobs, the rest is left to the next round. */
const MOST_FAILURES = 5
/** This many old rows are deleted at once, and this often in one round. */
const BATCH = 1_000
const MOST_BATCHES = 20
/** At the start of a worker, this many runs are woken at once. */
const PAGE = 500

/** What becomes old, and when. Providers let their events be sent again for a month at the most. */
const OLD = [
  { table: Prisma.sql`webhook_deliveries`, isOld: Prisma.sql`received_at < clock_timestamp() - interval '31 days'` },
  {
    table: Prisma.sql`problems`,
    isOld: Prisma.sql`kind = 'apply-delivery' AND at < clock_timestamp() - interval '31 days'`,
  },
  { table: Prisma.sql`rate_limits`, isOld: Prisma.sql`blocked_until < clock_timestamp()` },
  { table: Prisma.sql`idempotency_keys`, isOld: Prisma.sql`claimed_at < clock_timestamp() - interval '24 hours'` },
]

/**
 * Finds what was lost or has become old, whatever the reason: no run is left alone for ever. Each thing is done in a short
 * transaction of its own, which holds nothing up and can be held up by nothing but itself. Any number of processes may
 * call this at once: to wake what another one has woken changes nothing.
 */
export async function sweep(ctx: TrackingContext): Promise<void> {
  const { database, log } = ctx
  const reader = sqlReader(database)
  const before = new Date((await currentTime(reader)).getTime() - OVERDUE_MS)
  const runs = await wakeEach(ctx, await overdueRuns(reader, before, MOST_WOKEN), (tx, { id }) =>
    wakeOverdueRun(tx, id, before),
  )
  if (runs > 0) log.warn({ runs }, 'Runs had lost their jobs and are looked at again')
  const environments = await wakeEach(ctx, await overdueEnvironments(database, before), async (tx, { id }) => {
    await wakeWaiting(tx, id)
    return true
  })
  if (environments > 0) log.warn({ environments }, 'Gates are looked at again that were due')
  await sqlTransaction(database, deleteSuperseded)
  await deleteOld(database)
}

/**
 * Has every run that is followed asked about, at the start of a worker: nobody may have listened before, and events are
 * not sent twice. Where nothing has changed the question is a conditional one, which costs no rate.
 */
export async function catchUp({ database, log }: TrackingContext): Promise<void> {
  const now = await currentTime(sqlReader(database))
  let runs = 0
  let woken: number
  do {
    woken = await sqlTransaction(database, tx => wakeFollowedRuns(tx, now, PAGE))
    runs += woken
  } while (woken === PAGE)
  if (runs > 0) log.info({ runs }, 'Runs that were followed before are asked about')
}

/** Wakes one after the other, and counts how many. One that cannot be woken now does not keep the others from it. */
async function wakeEach<Thing>(
  { database, log }: TrackingContext,
  things: readonly Thing[],
  wake: (tx: SqlTransaction, thing: Thing) => Promise<boolean>,
): Promise<number> {
  let woken = 0
  let failures = 0
  for (const thing of things) {
    try {
      if (await sqlTransaction(database, tx => wake(tx, thing))) woken += 1
    } catch (error) {
      failures += 1
      if (faultOf(error) === 'lost' || failures === MOST_FAILURES) throw error
      log.warn({ err: error, thing }, 'Something overdue could not be woken')
    }
  }
  return woken
}

/** The environments of which a look at their gates was due, has not been taken, and is lost. */
function overdueEnvironments(database: Database, before: Date): PromiseLike<{ readonly id: string }[]> {
  const jobKeys = ['admit-waiting:', 'admit-waiting-at:'].map(prefix => Prisma.sql`${prefix} || environments.id::text`)
  return sqlReader(database).$queryRaw(Prisma.sql`
    SELECT id FROM environments
    WHERE next_look_at < ${before} AND ${haveNoJob(jobKeys)}
      AND NOT EXISTS (SELECT FROM problems WHERE work = 'admit-waiting:' || environments.id::text)
    ORDER BY next_look_at LIMIT ${MOST_WOKEN}`)
}

/** What somebody else works with is left for the next round. */
async function deleteOld(database: Database): Promise<void> {
  for (const { table, isOld } of OLD) {
    let deleted = BATCH
    for (let batch = 0; batch < MOST_BATCHES && deleted === BATCH; batch += 1) {
      const rows = await sqlReader(database).$queryRaw<unknown[]>(Prisma.sql`
        DELETE FROM ${table}
        WHERE ctid = ANY (ARRAY(SELECT ctid FROM ${table} WHERE ${isOld} LIMIT ${BATCH} FOR UPDATE SKIP LOCKED))
        RETURNING 1`)
      deleted = rows.length
    }
  }
}
