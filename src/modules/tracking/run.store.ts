import { v7 as uuid } from 'uuid'
import { Prisma } from '../../database/generated/client.js'
import type { WorkflowRunner } from '../../database/generated/enums.js'
import type { SqlReader, SqlTransaction } from '../../database/transaction.js'
import { enqueue, haveNoJob } from '../../jobs/jobs.js'
import { reopenDeliveriesOf } from '../delivery/delivery.store.js'
import type { Run } from './run.js'

/** All columns of a run, named as its fields are. */
const COLUMNS = Prisma.sql`
  id, deployment_id AS "deploymentId", candidate_id AS "candidateId", runner, workflow, scope, placeholders, phase, status,
  source, error_message AS "errorMessage", external_id AS "externalId", external_url AS "externalUrl", attempt, tries,
  claimed_at AS "claimedAt", cancel_requested_at AS "cancelRequestedAt", cancel_sent_at AS "cancelSentAt",
  observed_at AS "observedAt", heard_at AS "heardAt", next_check_at AS "nextCheckAt", quiet_checks AS "quietChecks",
  missing_checks AS "missingChecks", etag, deadline, created_at AS "createdAt", started_at AS "startedAt",
  finished_at AS "finishedAt"`

const KEY_PREFIX = 'advance-run:'

/** Stores a run, and has a worker do what is next about it. */
export async function insertRun(tx: SqlTransaction, run: Omit<Run, 'id'>): Promise<Run> {
  const [row] = await tx.$queryRaw<[Run]>(Prisma.sql`
    INSERT INTO workflow_runs (
      id, deployment_id, candidate_id, runner, workflow, scope, placeholders, phase, status, source, error_message,
      external_id, external_url, attempt, observed_at, heard_at, next_check_at, deadline, created_at, started_at, finished_at
    ) VALUES (
      ${uuid()}::uuid, ${run.deploymentId}::uuid, ${run.candidateId}::uuid, ${run.runner}::workflow_runner,
      ${JSON.stringify(run.workflow)}::jsonb, ${run.scope}, ${JSON.stringify(run.placeholders)}::jsonb,
      ${run.phase}::run_phase, ${run.status}::deployment_status, ${run.source}::tracking_source, ${run.errorMessage},
      ${run.externalId}, ${run.externalUrl}, ${run.attempt}, ${run.observedAt}, ${run.heardAt}, ${run.nextCheckAt},
      ${run.deadline}, ${run.createdAt}, ${run.startedAt}, ${run.finishedAt}
    ) RETURNING ${COLUMNS}`)
  await schedule(tx, row)
  return row
}

/** Stores what has become of a run, and has a worker do what is next about it when it is due. */
export async function updateRun(tx: SqlTransaction, run: Run): Promise<void> {
  await tx.$queryRaw(Prisma.sql`
    UPDATE workflow_runs SET
      phase = ${run.phase}::run_phase, status = ${run.status}::deployment_status, source = ${run.source}::tracking_source,
      error_message = ${run.errorMessage}, external_id = ${run.externalId}, external_url = ${run.externalUrl},
      tries = ${run.tries}, claimed_at = ${run.claimedAt}, cancel_requested_at = ${run.cancelRequestedAt},
      cancel_sent_at = ${run.cancelSentAt}, observed_at = ${run.observedAt}, heard_at = ${run.heardAt},
      next_check_at = ${run.nextCheckAt}, quiet_checks = ${run.quietChecks}, missing_checks = ${run.missingChecks},
      etag = ${run.etag}, deadline = ${run.deadline}, started_at = ${run.startedAt}, finished_at = ${run.finishedAt}
    WHERE id = ${run.id}::uuid`)
  await schedule(tx, run)
}

/** One job a run: the newest decision about it says when it is looked at next, or which events have waited for its end. */
function schedule(tx: SqlTransaction, run: Run): Promise<void> {
  return run.nextCheckAt === null ? reopenDeliveriesOf(tx, run) : wakeRun(tx, run, run.nextCheckAt)
}

/** What a worker has to know of a run to look at it. */
type WakeableRun = Pick<Run, 'id' | 'runner' | 'scope'>

/** Has a worker look at a run. */
function wakeRun(tx: SqlTransaction, run: WakeableRun, at: Date): Promise<void> {
  return enqueue(
    tx,
    'advance-run',
    { runId: run.id },
    { key: `${KEY_PREFIX}${run.id}`, runAt: at, place: placeOf(run) },
  )
}

/** What is called for a run: the host of a webhook, or the owner or organization, by which providers give credentials. */
function placeOf({ runner, scope }: WakeableRun): string {
  return `${runner} ${scope.split('/', 1)[0]}`
}

export async function findRun(reader: SqlReader, id: string): Promise<Run | null> {
  const [run] = await reader.$queryRaw<Run[]>(Prisma.sql`
    SELECT ${COLUMNS} FROM workflow_runs WHERE id = ${id}::uuid`)
  return run ?? null
}

/** The newest attempt of the run that the runner knows by this name. */
export async function findRunByExternalId(
  reader: SqlReader,
  { runner, scope, externalId }: { runner: WorkflowRunner; scope: string; externalId: string },
): Promise<Run | null> {
  const [run] = await reader.$queryRaw<Run[]>(Prisma.sql`
    SELECT ${COLUMNS} FROM workflow_runs
    WHERE runner = ${runner}::workflow_runner AND scope = ${scope} AND external_id = ${externalId}
    ORDER BY attempt DESC LIMIT 1`)
  return run ?? null
}

/** The run of a deployment; null when it has none. */
export async function findRunOfDeployment(reader: SqlReader, deploymentId: string): Promise<Run | null> {
  const [run] = await reader.$queryRaw<Run[]>(Prisma.sql`
    SELECT ${COLUMNS} FROM workflow_runs WHERE deployment_id = ${deploymentId}::uuid`)
  return run ?? null
}

/** The newest run of a candidate's build; null when it has none. */
export async function findRunOfBuild(reader: SqlReader, candidateId: string): Promise<Run | null> {
  const [run] = await reader.$queryRaw<Run[]>(Prisma.sql`
    SELECT ${COLUMNS} FROM workflow_runs WHERE candidate_id = ${candidateId}::uuid ORDER BY id DESC LIMIT 1`)
  return run ?? null
}

/** Whether any run was ever asked for there. */
export async function isKnownScope(reader: SqlReader, runner: WorkflowRunner, scope: string): Promise<boolean> {
  const rows = await reader.$queryRaw<unknown[]>(Prisma.sql`
    SELECT 1 FROM workflow_runs WHERE runner = ${runner}::workflow_runner AND scope = ${scope} LIMIT 1`)
  return rows.length > 0
}

/** Which of these names are those of other runs of ours. */
export async function takenExternalIds(reader: SqlReader, run: Run, ids: readonly string[]): Promise<Set<string>> {
  const rows = await reader.$queryRaw<{ externalId: string }[]>(Prisma.sql`
    SELECT external_id AS "externalId" FROM workflow_runs
    WHERE runner = ${run.runner}::workflow_runner AND scope = ${run.scope} AND external_id = ANY (${ids}::text[])
      AND id <> ${run.id}::uuid`)
  return new Set(rows.map(row => row.externalId))
}

/** Whether another run there was asked for, or may have been, whose name is not known. */
export async function haveUnnamed(reader: SqlReader, run: Run): Promise<boolean> {
  const rows = await reader.$queryRaw<unknown[]>(Prisma.sql`
    SELECT 1 FROM workflow_runs
    WHERE runner = ${run.runner}::workflow_runner AND scope = ${run.scope} AND external_id IS NULL
      AND phase IN ('DISPATCHING', 'FOLLOWED') AND id <> ${run.id}::uuid
    LIMIT 1`)
  return rows.length > 0
}

/** That nobody will look at a run by itself: it has no job, and none was given up. */
const HAS_NO_JOB = Prisma.sql`
  ${haveNoJob([Prisma.sql`${KEY_PREFIX} || workflow_runs.id::text`])}
  AND NOT EXISTS (SELECT FROM problems WHERE work = ${KEY_PREFIX} || workflow_runs.id::text)`

/** The runs about which something is overdue, and whose job is lost; those that have waited longest first. */
export function overdueRuns(reader: SqlReader, before: Date, limit: number): PromiseLike<{ readonly id: string }[]> {
  return reader.$queryRaw(Prisma.sql`
    SELECT id FROM workflow_runs WHERE next_check_at < ${before} AND ${HAS_NO_JOB}
    ORDER BY next_check_at LIMIT ${limit}`)
}

/** Has an overdue run looked at; false when somebody has taken care of it since. */
export async function wakeOverdueRun(tx: SqlTransaction, id: string, before: Date): Promise<boolean> {
  const [run] = await tx.$queryRaw<(WakeableRun & { readonly now: Date })[]>(Prisma.sql`
    SELECT id, runner, scope, clock_timestamp() AS now FROM workflow_runs
    WHERE id = ${id}::uuid AND next_check_at < ${before} AND ${HAS_NO_JOB}`)
  if (run === undefined) return false
  await wakeRun(tx, run, run.now)
  return true
}

/**
 * Has some of the runs looked at now whose runners can be asked about them. One that is locked is being decided about at
 * this moment, and that says when it is looked at next. Answers how many; fewer than `limit`: there are no more.
 */
export async function wakeFollowedRuns(tx: SqlTransaction, now: Date, limit: number): Promise<number> {
  const rows = await tx.$queryRaw<WakeableRun[]>(Prisma.sql`
    UPDATE workflow_runs SET next_check_at = ${now}
    WHERE id = ANY (ARRAY(
      SELECT id FROM workflow_runs
      WHERE phase = 'FOLLOWED' AND external_id IS NOT NULL AND next_check_at > ${now}
      LIMIT ${limit} FOR NO KEY UPDATE SKIP LOCKED))
    RETURNING id, runner, scope`)
  for (const run of rows) await wakeRun(tx, run, now)
  return rows.length
}
