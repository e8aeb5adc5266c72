import { SlipwayError } from '../../core/errors.js'
import { type Deployment, type Environment, Prisma } from '../../database/generated/client.js'
import type { Loaders } from '../context/request-context.js'
import { loadReferred } from '../loaders/row.loader.js'
import { keyFromCursor, numberFromCursor } from '../pagination/cursor.js'
import { type PageArgs, pageSize } from '../pagination/page.args.js'
import { type Page, toPage } from '../pagination/page.js'
import type { Candidate } from '../release/release.service.js'
import type { EnvironmentDeploymentsArgs } from './deployment.input.js'

/** The deployment by which the environment got what it runs; null before the first success. */
export async function currentDeployment(loaders: Loaders, environment: Environment): Promise<Deployment | null> {
  const key = await loaders.currentDeploymentKeys.load(environment.id)
  return key === null ? null : loadReferred(loaders.deployments, key)
}

/** Lists the deployments of an environment, newest first. */
export async function listDeploymentsOfEnvironment(
  loaders: Loaders,
  environment: Environment,
  args: EnvironmentDeploymentsArgs,
): Promise<Page<Deployment>> {
  const size = pageSize(args)
  const before = firstNumberAfter(environment, args)
  const filter = args.status == null ? null : statusIsOneOf(args.status)
  const list = loaders.deploymentsByEnvironment
  const keys = await list.load(environment.id, { limit: size + 1, before, filter })
  return toPage({
    rows: await Promise.all(keys.map(key => loadReferred(loaders.deployments, key))),
    size,
    isContinued: before !== null,
    sortKey: deployment => deployment.number,
    totalCount: () => list.count(environment.id, filter),
  })
}

/** Lists the deployments of a candidate on all environments, newest first. */
export async function listDeploymentsOfCandidate(
  loaders: Loaders,
  candidate: Candidate,
  args: PageArgs,
): Promise<Page<Deployment>> {
  const size = pageSize(args)
  const before = args.after == null ? null : keyFromCursor(args.after)
  const list = loaders.deploymentsByCandidate
  const keys = await list.load(candidate.id, { limit: size + 1, before, filter: null })
  return toPage({
    rows: await Promise.all(keys.map(key => loadReferred(loaders.deployments, key))),
    size,
    isContinued: before !== null,
    sortKey: deployment => deployment.id,
    totalCount: () => list.count(candidate.id, null),
  })
}

/**
 * The page holds deployments with lower numbers than this; null: from the newest on. As numbers have no gaps, an offset
 * is a subtraction: the thousandth page costs what the first one does.
 */
function firstNumberAfter(environment: Environment, args: EnvironmentDeploymentsArgs): number | null {
  if (args.offset == null) return args.after == null ? null : numberFromCursor(args.after)
  if (args.after != null || args.status != null || args.offset < 0) {
    throw new SlipwayError('INVALID_INPUT', {
      message: 'Invalid offset',
      details: 'Pass a number from 0 on, and neither `after` nor `status` with it.',
    })
  }
  return args.offset === 0 ? null : environment.lastDeploymentNumber + 1 - args.offset
}

function statusIsOneOf(statuses: readonly string[]): Prisma.Sql {
  return Prisma.sql`status = ANY (${statuses}::deployment_status[])`
}
