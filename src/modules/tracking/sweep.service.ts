import { currentTime } from '../../database/clock.js'
import { Prisma } from '../../database/generated/client.js'
import { type SqlTransaction, sqlTransaction } from '../../database/transaction.js'
import { deleteSuperseded, haveNoJob } from '../../jobs/jobs.js'
import { deleteDeliveriesBefore } from '../delivery/delivery.store.js'
import { wakeWaiting } from '../deployment/follow-up.js'
import type { TrackingContext } from './advance.service.js'
import { overdueRuns, wakeFollowedRuns, wakeRun } from './run.store.js'

/** A run about which nothing was done so long after it was due has lost its job. */
const OVERDUE_MS = 2 * 60_000
/** Providers let their events be sent again for a month at the most. */
const KEPT_MS = 31 * 24 * 3_600_000

/** Names the advisory lock under which it is swept. Any number that nothing else in the database uses. */
const SWEEP_LOCK = 7_547_931

/**
 * Finds what was lost or has become old, whatever the reason: no run is left alone for ever. Any number of processes may
 * call this; one that comes while another one sweeps has nothing to do.
 */
export async function sweep(ctx: TrackingContext): Promise<void> {
  await sqlTransaction(ctx.database, async tx => {
    const [{ isOurs }] = await tx.$queryRaw<[{ isOurs: boolean }]>(Prisma.sql`
      SELECT pg_try_advisory_xact_lock(${SWEEP_LOCK}) AS "isOurs"`)
    if (!isOurs) return
    const now = await currentTime(tx)
    const overdue = await overdueRuns(tx, new Date(now.getTime() - OVERDUE_MS))
    for (const run of overdue) await wakeRun(tx, run, now)
    if (overdue.length > 0) ctx.log.warn({ runs: overdue.length }, 'Runs had lost their jobs and are looked at again')
    await deleteSuperseded(tx)
    await deleteDeliveriesBefore(tx, new Date(now.getTime() - KEPT_MS))
    await tx.$queryRaw(Prisma.sql`
      DELETE FROM problems WHERE kind = 'apply-delivery' AND at < ${new Date(now.getTime() - KEPT_MS)}`)
    await tx.$queryRaw(Prisma.sql`DELETE FROM rate_limits WHERE blocked_until < ${now}`)
    await tx.$queryRaw(
      Prisma.sql`DELETE FROM idempotency_keys WHERE claimed_at < ${now}::timestamptz - interval '24 hours'`,
    )
    await wakeOverdue(ctx, tx, new Date(now.getTime() - OVERDUE_MS))
  })
}

/** The same for deployments that wait for their gates: a look at them that was due has not been taken, and is lost. */
async function wakeOverdue({ log }: TrackingContext, tx: SqlTransaction, before: Date): Promise<void> {
  const environments = await tx.$queryRaw<{ id: string }[]>(Prisma.sql`
    SELECT id FROM environments
    WHERE next_look_at < ${before}
      AND ${haveNoJob([
        Prisma.sql`'admit-waiting:' || environments.id::text`,
        Prisma.sql`'admit-waiting-at:' || environments.id::text`,
      ])}
      AND NOT EXISTS (SELECT FROM problems WHERE work = 'admit-waiting:' || environments.id::text)
    ORDER BY next_look_at LIMIT 1000`)
  for (const { id } of environments) await wakeWaiting(tx, id)
  if (environments.length > 0)
    log.warn({ environments: environments.length }, 'Gates are looked at again that were due')
}

/**
 * Has every run that is followed asked about, at the start of a worker: nobody may have listened before, and events are
 * not sent twice. Where nothing has changed the question is a conditional one, which costs no rate.
 */
export async function catchUp(ctx: TrackingContext): Promise<void> {
  const runs = await sqlTransaction(ctx.database, async tx => wakeFollowedRuns(tx, await currentTime(tx)))
  if (runs > 0) ctx.log.info({ runs }, 'Runs that were followed before are asked about')
}
