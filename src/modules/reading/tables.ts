import {
  type Deployment,
  type DeploymentReview,
  type DeploymentStatusChange,
  type DispatchAttempt,
  type Environment,
  type Freeze,
  Prisma,
  type Problem,
  type Project,
  type Release,
  type ReleaseCandidate,
  type WorkflowRun,
} from '../../database/generated/client.js'
import { Rows, type Shape, type Sql, shapeOf } from './row.js'

/** A number as text, since the planner must know it to see that few rows are wanted. */
export function literal(limit: number): Sql {
  return Prisma.raw(String(Math.trunc(limit)))
}

/** A table of which rows can be read. */
export interface Table<Columns> {
  readonly shape: Shape<Columns>
  /** Its rows for which a condition holds; the condition, and what follows it, name the table's columns as they are. */
  where(condition: Sql): Rows<Columns>
  /** How many rows these are; counting ends at `limit`. */
  count(condition: Sql, limit: number): Sql
}

function table<Columns>(name: string, columns: Readonly<Record<keyof Columns & string, string>>): Table<Columns> {
  const shape = shapeOf<Columns>(Object.keys(columns) as (keyof Columns & string)[])
  const from = Prisma.raw(name)
  return {
    shape,
    where: condition => new Rows(shape, Prisma.sql`SELECT * FROM ${from} WHERE ${condition}`),
    count: (condition, limit) =>
      Prisma.sql`(SELECT count(*) FROM (SELECT FROM ${from} WHERE ${condition} LIMIT ${literal(limit)}) AS counted)`,
  }
}

/** The row of a table that has a key, be it a value or another row's column. */
export function byKey<Columns>(of: Table<Columns>, key: Sql | string): Rows<Columns> {
  return of.where(typeof key === 'string' ? Prisma.sql`id = ${key}::uuid` : Prisma.sql`id = ${key}`)
}

export const PROJECTS = table<Project>('projects', Prisma.ProjectScalarFieldEnum)
export const ENVIRONMENTS = table<Environment>('environments', Prisma.EnvironmentScalarFieldEnum)
export const RELEASES = table<Release>('releases', Prisma.ReleaseScalarFieldEnum)
export const CANDIDATES = table<ReleaseCandidate>('release_candidates', Prisma.ReleaseCandidateScalarFieldEnum)
export const DEPLOYMENTS = table<Deployment>('deployments', Prisma.DeploymentScalarFieldEnum)
export const STATUS_CHANGES = table<DeploymentStatusChange>(
  'deployment_status_changes',
  Prisma.DeploymentStatusChangeScalarFieldEnum,
)
export const RUNS = table<WorkflowRun>('workflow_runs', Prisma.WorkflowRunScalarFieldEnum)
export const ATTEMPTS = table<DispatchAttempt>('dispatch_attempts', Prisma.DispatchAttemptScalarFieldEnum)
export const REVIEWS = table<DeploymentReview>('deployment_reviews', Prisma.DeploymentReviewScalarFieldEnum)
export const PROBLEMS = table<Problem>('problems', Prisma.ProblemScalarFieldEnum)
export const FREEZES = table<Freeze>('freezes', Prisma.FreezeScalarFieldEnum)
