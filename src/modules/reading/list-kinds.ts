import { Prisma } from '../../database/generated/client.js'
import type { ListKind } from './list-kind.js'
import type { Sql } from './row.js'

// The lists that rows are read for, and how long one of them may be in an answer. Those that people set up are measured;
// those that grow with every deployment are not, as that would mean reading every deployment.

/** A count goes no further than this. */
export const LARGEST_COUNT = 100_000

/** A count goes this far unless something else is asked for. */
export const USUAL_COUNT = 10_000

export const ENVIRONMENTS_OF_PROJECT: ListKind = {
  name: 'environments of a project',
  cap: 500,
  largest: largestGroup('environments', 'project_id'),
}
export const CANDIDATES_OF_RELEASE: ListKind = {
  name: 'candidates of a release',
  cap: 1_000,
  largest: largestGroup('release_candidates', 'release_id'),
}
export const CANDIDATES_AT_COMMIT: ListKind = { name: 'candidates at a commit', cap: 1_000 }
export const STATUS_CHANGES_OF_DEPLOYMENT: ListKind = { name: 'status changes of a deployment', cap: 1_000 }
export const ATTEMPTS_OF_RUN: ListKind = { name: 'attempts of a run', cap: 1_000 }
export const REVIEWS_OF_CANDIDATE: ListKind = { name: 'reviews of a candidate for an environment', cap: 1_000 }
/** Of one project and of all together, as both bind an environment. */
export const OPEN_FREEZES: ListKind = {
  name: 'open freezes',
  cap: 500,
  largest: Prisma.sql`
    SELECT coalesce(sum(size) FILTER (WHERE project_id IS NULL), 0) + coalesce(max(size) FILTER (WHERE project_id IS NOT NULL), 0)
    FROM (SELECT project_id, count(*) AS size FROM freezes
          WHERE lifted_at IS NULL AND (ends_at IS NULL OR ends_at > clock_timestamp()) GROUP BY project_id) AS freezes`,
}

export const ALL_PROJECTS: ListKind = {
  name: 'projects',
  cap: LARGEST_COUNT,
  largest: Prisma.sql`SELECT count(*) FROM (SELECT FROM projects LIMIT ${LARGEST_COUNT}) AS counted`,
}
export const RELEASES_OF_PROJECT: ListKind = {
  name: 'releases of a project',
  cap: LARGEST_COUNT,
  largest: largestGroup('releases', 'project_id'),
}
export const ALL_FREEZES: ListKind = {
  name: 'freezes',
  cap: LARGEST_COUNT,
  largest: Prisma.sql`SELECT count(*) FROM (SELECT FROM freezes LIMIT ${LARGEST_COUNT}) AS counted`,
}
export const DEPLOYMENTS_OF_ENVIRONMENT: ListKind = {
  name: 'deployments of an environment',
  cap: LARGEST_COUNT,
  largest: Prisma.sql`SELECT max(last_deployment_number) FROM environments`,
}
export const ACTIVE_DEPLOYMENTS_OF_ENVIRONMENT: ListKind = {
  name: 'active deployments of an environment',
  cap: LARGEST_COUNT,
  largest: Prisma.sql`
    SELECT max(size) FROM (
      SELECT count(*) AS size FROM deployments WHERE finished_at IS NULL GROUP BY environment_id) AS environments`,
}
export const DEPLOYMENTS_OF_CANDIDATE: ListKind = { name: 'deployments of a candidate', cap: LARGEST_COUNT }

/** The size of the largest group of a table's rows that have one column in common; an index has them in order. */
function largestGroup(table: string, column: string): Sql {
  return Prisma.sql`
    SELECT max(size) FROM (
      SELECT count(*) AS size FROM ${Prisma.raw(table)} GROUP BY ${Prisma.raw(column)}) AS groups`
}
