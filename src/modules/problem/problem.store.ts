import { Prisma } from '../../database/generated/client.js'
import type { SqlReader, SqlTransaction } from '../../database/transaction.js'
import { enqueueAgain, type Job, type KeptJob } from '../../jobs/jobs.js'
import type { Sql } from '../reading/row.js'

/** What a problem is about, and its key. The problems of a build are its candidate's. */
interface Subject {
  readonly kind: 'deployment' | 'candidate' | 'environment'
  readonly id: string
}

const COLUMN_OF: Readonly<Record<Subject['kind'], Sql>> = {
  deployment: Prisma.sql`deployment_id`,
  candidate: Prisma.sql`candidate_id`,
  environment: Prisma.sql`environment_id`,
}

/** Records that a job is given up, at what it is about. What is gone, or is not known yet, has no problems. */
export async function recordProblem(tx: SqlTransaction, job: Job & KeptJob, message: string): Promise<void> {
  const { kind, payload, key, place } = job
  await tx.$queryRaw(Prisma.sql`
    INSERT INTO problems
      (work, kind, payload, key, place, project_id, deployment_id, candidate_id, environment_id, message, at)
    SELECT ${workOf(job)}, ${kind}, ${JSON.stringify(payload)}::jsonb, ${key}, ${place}, subject.project_id,
           subject.deployment_id, subject.candidate_id, subject.environment_id, ${message}, clock_timestamp()
    FROM (${subjectOf(job)}) AS subject
    ON CONFLICT (work) DO UPDATE SET
      payload = excluded.payload, key = excluded.key, place = excluded.place, project_id = excluded.project_id,
      deployment_id = excluded.deployment_id, candidate_id = excluded.candidate_id,
      environment_id = excluded.environment_id, message = excluded.message, at = excluded.at`)
}

/** Forgets what was recorded of a job, since it was done. */
export async function clearProblem(reader: SqlReader, job: Job): Promise<void> {
  await reader.$queryRaw(Prisma.sql`DELETE FROM problems WHERE work = ${workOf(job)}`)
}

/** Enqueues what could not be done about something, and forgets that it could not; false when there was nothing. */
export async function retryProblems(tx: SqlTransaction, { kind, id }: Subject): Promise<boolean> {
  const jobs = await tx.$queryRaw<KeptJob[]>(Prisma.sql`
    WITH problem AS (DELETE FROM problems WHERE ${COLUMN_OF[kind]} = ${id}::uuid RETURNING *)
    SELECT kind, payload, key, place FROM problem ORDER BY key`)
  for (const job of jobs) enqueueAgain(tx, job)
  return jobs.length > 0
}

/** What a job does, whatever it is told of how: there is one problem of it at a time. */
function workOf({ kind, payload }: Job): string {
  switch (kind) {
    case 'advance-run':
      return `${kind}:${payload.runId}`
    case 'roll-back':
      return `${kind}:${payload.deploymentId}`
    case 'apply-delivery':
      return `${kind}:${payload.provider}:${payload.deliveryId}`
    case 'admit-waiting':
    case 'deploy-automatically':
      return `${kind}:${payload.environmentId}`
  }
}

/** What a job is about: at most one row. */
function subjectOf({ kind, payload }: Job): Sql {
  switch (kind) {
    case 'advance-run':
      return ofRun(Prisma.sql`SELECT id FROM workflow_runs WHERE id = ${payload.runId}::uuid`)
    case 'apply-delivery':
      return ofRun(Prisma.sql`
        SELECT run.id FROM webhook_deliveries AS delivery
        JOIN workflow_runs AS run USING (runner, scope, external_id)
        WHERE delivery.provider = ${payload.provider} AND delivery.delivery_id = ${payload.deliveryId}
        ORDER BY run.attempt DESC LIMIT 1`)
    case 'roll-back':
      return Prisma.sql`
        SELECT project_id, id AS deployment_id, NULL::uuid AS candidate_id, NULL::uuid AS environment_id
        FROM deployments WHERE id = ${payload.deploymentId}::uuid`
    case 'admit-waiting':
    case 'deploy-automatically':
      return Prisma.sql`
        SELECT project_id, NULL::uuid AS deployment_id, NULL::uuid AS candidate_id, id AS environment_id
        FROM environments WHERE id = ${payload.environmentId}::uuid`
  }
}

function ofRun(run: Sql): Sql {
  return Prisma.sql`
    SELECT coalesce(deployment.project_id, candidate.project_id) AS project_id, run.deployment_id, run.candidate_id,
           NULL::uuid AS environment_id
    FROM workflow_runs AS run
    LEFT JOIN deployments AS deployment ON deployment.id = run.deployment_id
    LEFT JOIN release_candidates AS candidate ON candidate.id = run.candidate_id
    WHERE run.id = (${run})`
}
