import { Prisma } from '../../database/generated/client.js'
import type { WorkflowRunner } from '../../database/generated/enums.js'
import type { SqlReader, SqlTransaction } from '../../database/transaction.js'
import { enqueue } from '../../jobs/jobs.js'
import type { Run } from '../tracking/run.js'
import type { ProviderEvent, StoredEvent } from './provider-event.js'

/** An event that was received. */
export interface Delivery {
  readonly provider: string
  readonly deliveryId: string
  readonly runner: WorkflowRunner
  readonly scope: string
  readonly externalId: string
  readonly event: StoredEvent
  /** Null: nothing was made of it yet. */
  readonly outcome: string | null
}

const COLUMNS = Prisma.sql`
  provider, delivery_id AS "deliveryId", runner, scope, external_id AS "externalId", event, outcome`

/** Stores an event and has a worker take it in; false when it was received before. */
export async function insertDelivery(
  tx: SqlTransaction,
  provider: string,
  deliveryId: string,
  { runner, scope, externalId, observation, tokens }: ProviderEvent,
): Promise<boolean> {
  const event = JSON.stringify({ observation, tokens })
  const rows = await tx.$queryRaw<unknown[]>(Prisma.sql`
    INSERT INTO webhook_deliveries (provider, delivery_id, received_at, runner, scope, external_id, event)
    VALUES (${provider}, ${deliveryId}, clock_timestamp(), ${runner}::workflow_runner, ${scope}, ${externalId},
            ${event}::jsonb)
    ON CONFLICT DO NOTHING RETURNING 1`)
  if (rows.length > 0) await wake(tx, { provider, deliveryId })
  return rows.length > 0
}

export async function findDelivery(
  reader: SqlReader,
  { provider, deliveryId }: Pick<Delivery, 'provider' | 'deliveryId'>,
): Promise<Delivery | null> {
  const [delivery] = await reader.$queryRaw<Delivery[]>(Prisma.sql`
    SELECT ${COLUMNS} FROM webhook_deliveries WHERE provider = ${provider} AND delivery_id = ${deliveryId}`)
  return delivery ?? null
}

/** Tells what was made of an event. */
export async function settleDelivery(tx: SqlTransaction, delivery: Delivery, outcome: string): Promise<void> {
  await tx.$queryRaw(Prisma.sql`
    UPDATE webhook_deliveries SET outcome = ${outcome}
    WHERE provider = ${delivery.provider} AND delivery_id = ${delivery.deliveryId}`)
}

/** Has the events of a run taken in that came before it was known by its name. */
export async function wakeDeliveriesOf(tx: SqlTransaction, { runner, scope, externalId }: Run): Promise<void> {
  const waiting = await tx.$queryRaw<Delivery[]>(Prisma.sql`
    SELECT ${COLUMNS} FROM webhook_deliveries
    WHERE runner = ${runner}::workflow_runner AND scope = ${scope} AND external_id = ${externalId} AND outcome IS NULL`)
  for (const delivery of waiting) await wake(tx, delivery)
}

/** Has the events of a run taken in again that could only have its runner asked while the run had not ended. */
export async function reopenDeliveriesOf(tx: SqlTransaction, { runner, scope, externalId }: Run): Promise<void> {
  const reopened = await tx.$queryRaw<Delivery[]>(Prisma.sql`
    UPDATE webhook_deliveries SET outcome = NULL
    WHERE runner = ${runner}::workflow_runner AND scope = ${scope} AND external_id = ${externalId} AND outcome = 'ask'
    RETURNING ${COLUMNS}`)
  for (const delivery of reopened) await wake(tx, delivery)
}

/** What the runner may be speaking of: a run that is known by this name, or any there whose name is not known yet. */
export async function mayConcernRun(reader: SqlReader, event: ProviderEvent): Promise<boolean> {
  const rows = await reader.$queryRaw<unknown[]>(Prisma.sql`
    SELECT 1 FROM workflow_runs
    WHERE runner = ${event.runner}::workflow_runner AND scope = ${event.scope}
      AND (external_id = ${event.externalId} OR (external_id IS NULL AND phase <> 'ENDED'))
    LIMIT 1`)
  return rows.length > 0
}

function wake(tx: SqlTransaction, { provider, deliveryId }: Pick<Delivery, 'provider' | 'deliveryId'>): Promise<void> {
  return enqueue(tx, 'apply-delivery', { provider, deliveryId }, { key: `apply-delivery:${provider}:${deliveryId}` })
}
