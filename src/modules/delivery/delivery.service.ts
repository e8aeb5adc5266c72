import { fromGlobalId } from '../../core/global-id.js'
import type { Database } from '../../database/client.js'
import { inTurn, type SqlReader, sqlTransaction } from '../../database/transaction.js'
import { isFinished } from '../deployment/deployment.status.js'
import { fromStored } from '../runner/observation.js'
import type { TrackingContext } from '../tracking/advance.service.js'
import { observe } from '../tracking/observe.service.js'
import { openRun, saveRun, turnOfRun } from '../tracking/open-run.js'
import type { Run } from '../tracking/run.js'
import { askNow, ended, follow } from '../tracking/run.rules.js'
import {
  findRun,
  findRunByExternalId,
  findRunOfBuild,
  findRunOfDeployment,
  isKnownScope,
} from '../tracking/run.store.js'
import { type Delivery, findDelivery, insertDelivery, mayConcernRun, settleDelivery } from './delivery.store.js'
import type { ProviderEvent } from './provider-event.js'

/** What the provider is told of an event. */
export interface Receipt {
  readonly status: 'accepted' | 'duplicate' | 'ignored'
  readonly reason?: string
}

/** Receives an event: stores it with the job that takes it in. The same delivery counts once. */
export async function acceptEvent(
  database: Database,
  provider: string,
  deliveryId: string,
  event: ProviderEvent,
): Promise<Receipt> {
  if (!(await mayConcernRun(database, event))) {
    const reason = (await isKnownScope(database, event.runner, event.scope))
      ? `${event.externalId} of ${event.scope} was not started from here`
      : `Nothing of ${event.scope} was ever started from here`
    return { status: 'ignored', reason }
  }
  const isNew = await sqlTransaction(database, tx => insertDelivery(tx, provider, deliveryId, event))
  return { status: isNew ? 'accepted' : 'duplicate' }
}

/** Takes in an event that was received. One whose run has no name yet waits until it has. */
export async function applyDelivery(
  ctx: TrackingContext,
  key: Pick<Delivery, 'provider' | 'deliveryId'>,
): Promise<void> {
  const delivery = await findDelivery(ctx.database, key)
  if (delivery === null || delivery.outcome !== null) return
  const run = await findRunOf(ctx.database, delivery)
  if (run === null) return
  await sqlTransaction(inTurn(ctx.database, turnOfRun(run)), async tx => {
    let open = await openRun(tx, run)
    if (open.run.externalId !== null && open.run.externalId !== delivery.externalId) {
      // The token is that of a run which has another name by now.
      await settleDelivery(tx, delivery, 'ignore')
      return
    }
    if (open.run.externalId === null) {
      // It speaks of itself by the token that it was given.
      const named = follow(open.run, delivery.externalId, null, ctx.pace, open.now)
      const next = isFinished(open.run.status) ? ended(named) : named
      await saveRun(tx, open, next, ctx.runners[run.runner].name)
      open = await openRun(tx, run)
    }
    const { observation } = delivery.event
    if (observation === null) {
      await saveRun(tx, open, askNow(open.run, open.now), ctx.runners[run.runner].name)
      await settleDelivery(tx, delivery, 'check')
      return
    }
    const telling = { actor: ctx.runners[run.runner].name, source: 'EVENT' as const, pace: ctx.pace }
    await settleDelivery(tx, delivery, await observe(tx, open, fromStored(observation), telling))
  })
}

async function findRunOf(reader: SqlReader, delivery: Delivery): Promise<Run | null> {
  const known = await findRunByExternalId(reader, delivery)
  if (known !== null) return known
  for (const token of delivery.event.tokens) {
    const run = await findRunByToken(reader, token)
    if (run?.externalId === null && run.runner === delivery.runner && run.scope === delivery.scope) return run
  }
  return null
}

/** A token is the global ID of what the run is for, or the run's own key. */
async function findRunByToken(reader: SqlReader, token: string): Promise<Run | null> {
  const node = fromGlobalId(token)
  if (node?.kind === 'deployment') return findRunOfDeployment(reader, node.key)
  if (node?.kind === 'candidate') return findRunOfBuild(reader, node.key)
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(token) ? findRun(reader, token) : null
}
