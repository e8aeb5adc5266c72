import { SlipwayError } from '../../core/errors.js'
import type { ServiceContext } from '../context/service-context.js'
import { retryProblems } from '../problem/problem.store.js'
import { findCandidateByKey } from '../release/release.service.js'
import { actOnBuild, actOnDeployment, type BuildAnswer, type DeploymentAnswer, requireRun } from './act.service.js'
import { checkRun } from './advance.service.js'
import type { Run } from './run.js'
import { findRunOfBuild, findRunOfDeployment } from './run.store.js'

/** So long the caller waits for the runner's answer. */
const PATIENCE_MS = 10_000

/** Has tried again what could not be done about a deployment; without that, asks its runner how it is, now. */
export async function refreshDeployment(ctx: ServiceContext, id: string): Promise<DeploymentAnswer> {
  let isRetried = false
  const answer = await actOnDeployment(ctx, id, {
    action: 'deployment.refresh',
    work: async (tx, deploymentId) => {
      isRetried = await retryProblems(tx, { kind: 'deployment', id: deploymentId })
      return isRetried || isAskable(ctx, requireRun(await findRunOfDeployment(tx, deploymentId)))
    },
  })
  if (isRetried) return answer
  const { deployment } = answer
  await askNow(ctx, requireRun(await findRunOfDeployment(ctx.database, deployment.id)))
  return { deployment: await ctx.database.deployment.findUniqueOrThrow({ where: { id: deployment.id } }) }
}

/** The same for the build of a candidate. */
export async function refreshBuild(ctx: ServiceContext, id: string): Promise<BuildAnswer> {
  let isRetried = false
  const answer = await actOnBuild(ctx, id, {
    action: 'build.refresh',
    work: async (tx, candidateId) => {
      isRetried = await retryProblems(tx, { kind: 'candidate', id: candidateId })
      return isRetried || isAskable(ctx, requireRun(await findRunOfBuild(tx, candidateId)))
    },
  })
  if (isRetried) return answer
  const { candidate } = answer
  await askNow(ctx, requireRun(await findRunOfBuild(ctx.database, candidate.id)))
  return { candidate: await findCandidateByKey(ctx.database, candidate.id) }
}

/** @throws SlipwayError `NOT_TRACKED` when there is nobody to ask, or nothing to ask about */
function isAskable({ runners }: ServiceContext, run: Run): true {
  const { name, canBeAsked } = runners[run.runner]
  if (!canBeAsked) throw new SlipwayError('NOT_TRACKED', { details: 'The receiver of a webhook reports by itself.' })
  if (run.externalId === null) throw new SlipwayError('NOT_TRACKED', { details: `${name} has not started it yet.` })
  return true
}

async function askNow(ctx: ServiceContext, run: Run): Promise<void> {
  const outcome = await checkRun(ctx, run, AbortSignal.timeout(PATIENCE_MS))
  if (outcome.kind !== 'later') return
  const retryAfter = Math.ceil((outcome.retryAfterMs ?? 30_000) / 1_000)
  const message = `${ctx.runners[run.runner].name} is unavailable`
  throw new SlipwayError('RUNNER_UNAVAILABLE', { message, details: outcome.reason, retryAfter })
}
