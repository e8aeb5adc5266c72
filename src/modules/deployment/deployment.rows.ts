import { SlipwayError } from '../../core/errors.js'
import { type Deployment, type Environment, Prisma, type ReleaseCandidate } from '../../database/generated/client.js'
import { numberFromCursor } from '../pagination/cursor.js'
import { type PageArgs, pageSize } from '../pagination/page.args.js'
import { newestByKey, type Page, page } from '../pagination/page.js'
import { type List, list } from '../reading/list.js'
import { type Row, Rows, type Sql } from '../reading/row.js'
import { DEPLOYMENTS, literal, STATUS_CHANGES } from '../reading/tables.js'
import { candidateNamed } from '../release/release.rows.js'
import type { EnvironmentDeploymentsArgs } from './deployment.input.js'

/** The deployment by which an environment got what it runs: its most recent success by end time. */
export function currentDeployment(environmentId: Sql): Rows<Deployment> {
  return DEPLOYMENTS.where(
    Prisma.sql`environment_id = ${environmentId} AND status = 'SUCCESS' ORDER BY finished_at DESC, number DESC LIMIT 1`,
  )
}

/** The deployments of a candidate on all environments, newest first. */
export function deploymentsOf(candidate: Row<ReleaseCandidate>, args: PageArgs): Page {
  return newestByKey(DEPLOYMENTS, Prisma.sql`candidate_id = ${candidate.id}`, args)
}

/** What happened to a deployment, in the order in which it happened. */
export function statusHistoryOf(deployment: Row<Deployment>, first: number | null): List {
  const rows = STATUS_CHANGES.where(Prisma.sql`deployment_id = ${deployment.id}`)
  return list(rows, change => Prisma.sql`${change.at}, ${change.id}`, first)
}

/** The active deployments of an environment, newest first. */
export function activeDeploymentsOf(environment: Row<Environment>, args: PageArgs): Page {
  const before = args.after == null ? null : Prisma.sql`${numberFromCursor(args.after)}`
  const isActive = ofEnvironment(environment, [Prisma.sql`finished_at IS NULL`])
  return historyPage(args, {
    order: BY_NUMBER,
    condition: isActive,
    before,
    totalCount: limit => DEPLOYMENTS.count(isActive, limit),
  })
}

/**
 * The deployments of an environment, newest first: by their numbers, and where a range of time is asked for, by the time
 * of their creation, which is that of the report for a deployment that was reported late.
 *
 * @throws SlipwayError `INVALID_INPUT`, `INVALID_CANDIDATE_VERSION`
 */
export function historyOf(environment: Row<Environment>, args: EnvironmentDeploymentsArgs): Page {
  const filters = filtersOf(environment, args)
  if (args.offset != null && (args.offset < 0 || args.after != null || args.status != null || filters.length > 0)) {
    throw new SlipwayError('INVALID_INPUT', {
      message: 'Invalid offset',
      details: 'Pass a number from 0 on, and neither `after` nor a filter with it.',
    })
  }
  const condition = ofEnvironment(environment, filters)
  const statuses = args.status == null ? null : [...new Set(args.status)]
  const counted =
    statuses === null ? condition : Prisma.sql`${condition} AND status = ANY (${statuses}::deployment_status[])`
  return historyPage(args, {
    order: args.since == null && args.until == null ? BY_NUMBER : byTime(environment),
    condition,
    statuses,
    before: firstNumberAfter(environment, args),
    // Numbers have no gaps, so that the last one is the count.
    totalCount: limit =>
      isCounted(args)
        ? DEPLOYMENTS.count(counted, limit)
        : Prisma.sql`least(${environment.lastDeploymentNumber}, ${literal(limit)})`,
  })
}

type HistoryFilters = Readonly<Partial<Record<'status' | 'actor' | 'candidate' | 'since' | 'until', unknown>>>

/**
 * Whether a part of a history is found by an index: all of it, and each filter alone. Of several filters an index has one,
 * and what it leads to is read until enough rows are met that the others let through.
 */
export function isScanned({ status, actor, candidate, since, until }: HistoryFilters): boolean {
  return [status, actor, candidate, since ?? until].filter(filter => filter != null).length > 1
}

/** Whether the deployments that a filter lets through have to be counted. */
export function isCounted({ status, actor, candidate, since, until }: HistoryFilters): boolean {
  return [status, actor, candidate, since, until].some(filter => filter != null)
}

function filtersOf(
  environment: Row<Environment>,
  { actor, candidate, since, until }: EnvironmentDeploymentsArgs,
): Sql[] {
  const filters: Sql[] = []
  if (actor != null) filters.push(Prisma.sql`actor = ${actor}`)
  if (candidate != null) {
    const { select } = candidateNamed(environment.projectId, candidate)
    filters.push(Prisma.sql`candidate_id = (SELECT id FROM (${select}) AS candidate)`)
  }
  if (since != null) filters.push(Prisma.sql`created_at >= ${since}::timestamptz`)
  if (until != null) filters.push(Prisma.sql`created_at < ${until}::timestamptz`)
  return filters
}

function ofEnvironment(environment: Row<Environment>, filters: readonly Sql[]): Sql {
  return Prisma.join([Prisma.sql`environment_id = ${environment.id}`, ...filters], ' AND ')
}

/**
 * The page holds deployments with lower numbers than this; null: from the newest on. As numbers have no gaps, an offset
 * is a subtraction: the thousandth page costs what the first one does.
 */
function firstNumberAfter(environment: Row<Environment>, { after, offset }: EnvironmentDeploymentsArgs): Sql | null {
  if (offset) return Prisma.sql`${environment.lastDeploymentNumber} + 1 - ${offset}::integer`
  return after == null ? null : Prisma.sql`${numberFromCursor(after)}::integer`
}

/** How a history is sorted: each of its orders is one that an index has. */
interface HistoryOrder {
  /** Of the columns of `deployments`. */
  readonly columns: Sql
  of(deployment: Row<Deployment>): Sql
  /** Holds for the deployments that come after the one of a number. */
  comesAfter(number: Sql): Sql
}

const BY_NUMBER: HistoryOrder = {
  columns: Prisma.sql`number DESC`,
  of: ({ number }) => Prisma.sql`${number} DESC`,
  comesAfter: number => Prisma.sql`number < ${number}`,
}

function byTime(environment: Row<Environment>): HistoryOrder {
  const createdAt = (number: Sql) =>
    Prisma.sql`(SELECT last.created_at FROM deployments AS last WHERE last.environment_id = ${environment.id} AND last.number = ${number})`
  return {
    columns: Prisma.sql`created_at DESC, number DESC`,
    of: ({ createdAt, number }) => Prisma.sql`${createdAt} DESC, ${number} DESC`,
    comesAfter: number => Prisma.sql`(created_at, number) < (${createdAt(number)}, ${number})`,
  }
}

interface HistoryPart {
  readonly order: HistoryOrder
  readonly condition: Sql
  /** Null: all. */
  readonly statuses?: readonly string[] | null
  /** The page holds what comes after the deployment of this number; null: from the newest on. */
  readonly before: Sql | null
  totalCount(limit: number): Sql
}

function historyPage(args: PageArgs, { order, condition, statuses = null, before, totalCount }: HistoryPart): Page {
  const part = before === null ? condition : Prisma.sql`${condition} AND ${order.comesAfter(before)}`
  const end = (limit: number) => Prisma.sql`ORDER BY ${order.columns} LIMIT ${literal(limit)}`
  return page({
    size: pageSize(args),
    isContinued: before !== null,
    rows: limit => {
      if (statuses === null) return DEPLOYMENTS.where(Prisma.sql`${part} ${end(limit)}`)
      // An index has the deployments of one status in order, and not those of several: it is asked once for each.
      const { shape, select } = DEPLOYMENTS.where(Prisma.sql`${part} AND status = wanted.status ${end(limit)}`)
      return new Rows(
        shape,
        Prisma.sql`SELECT deployment.* FROM unnest(${statuses}::deployment_status[]) AS wanted (status) CROSS JOIN LATERAL (${select}) AS deployment ${end(limit)}`,
      )
    },
    orderBy: order.of,
    key: deployment => deployment.number,
    totalCount,
  })
}
