import { type Deployment, Prisma, type ReleaseCandidate, type WorkflowRun } from '../../database/generated/client.js'
import { type List, list } from '../reading/list.js'
import { type Row, Rows, type Sql, shapeOf } from '../reading/row.js'
import { ATTEMPTS, RUNS } from '../reading/tables.js'
import type { Tracking } from './tracking.type.js'

/** What is known of how a status is known, with the key of its run. */
export type TrackingColumns = Tracking & { readonly runId: string | null }

const TRACKING = shapeOf<TrackingColumns>([
  'source',
  'observedAt',
  'nextCheckAt',
  'runner',
  'externalId',
  'attempt',
  'deadline',
  'runId',
])

export function trackingOfDeployment(deployment: Row<Deployment>): Rows<TrackingColumns> {
  const { id, source, reportedAt, createdAt, finishedAt } = deployment
  return tracking(
    { source, observedAt: Prisma.sql`greatest(run.heard_at, ${reportedAt}, ${createdAt})`, isOver: finishedAt },
    Prisma.sql`(VALUES (1)) AS deployment LEFT JOIN workflow_runs AS run ON run.deployment_id = ${id}`,
  )
}

export function trackingOfBuild(run: Row<WorkflowRun>): Rows<TrackingColumns> {
  return tracking(
    {
      source: run.source,
      observedAt: Prisma.sql`coalesce(run.heard_at, run.observed_at, run.created_at)`,
      isOver: Prisma.sql`NULL`,
    },
    Prisma.sql`workflow_runs AS run WHERE run.id = ${run.id}`,
  )
}

/** @param isOver not null when nothing is to be done about the run any more */
function tracking({ source, observedAt, isOver }: { source: Sql; observedAt: Sql; isOver: Sql }, from: Sql) {
  return new Rows(
    TRACKING,
    Prisma.sql`
      SELECT ${source} AS source, ${observedAt} AS observed_at,
             CASE WHEN ${isOver} IS NULL THEN run.next_check_at END AS next_check_at,
             run.runner, run.external_id, run.attempt, run.deadline, run.id AS run_id
      FROM ${from}`,
  )
}

/** The newest run of the build of a candidate. */
export function buildOf(candidate: Row<ReleaseCandidate>): Rows<WorkflowRun> {
  return RUNS.where(Prisma.sql`candidate_id = ${candidate.id} ORDER BY id DESC LIMIT 1`)
}

/** Every try to have a run started or stopped, in the order in which they were made. */
export function attemptsOf(tracked: Row<TrackingColumns>, first: number | null): List {
  return list(ATTEMPTS.where(Prisma.sql`run_id = ${tracked.runId}`), attempt => attempt.id, first)
}
