import { SlipwayError } from '../../core/errors.js'
import { DeploymentStatus, RunPhase, TrackingSource } from '../../database/generated/enums.js'
import type { SqlTransaction } from '../../database/transaction.js'
import type { ServiceContext } from '../context/service-context.js'
import { isFinished } from '../deployment/deployment.status.js'
import { changeStatus } from '../deployment/deployment.store.js'
import { actOnBuild, actOnDeployment, type BuildAnswer, type DeploymentAnswer, requireRun } from './act.service.js'
import { type OpenDeployment, openDeployment, openRun, openRunOf, saveRun } from './open-run.js'
import type { Run } from './run.js'
import { conclude, requestCancel } from './run.rules.js'
import { findRunOfBuild, findRunOfDeployment } from './run.store.js'

/**
 * Has a deployment stopped: one that has not been started is canceled at once, of another the runner is asked to stop it.
 * Repeating it changes nothing.
 */
export async function cancelDeployment(ctx: ServiceContext, id: string): Promise<DeploymentAnswer> {
  return actOnDeployment(ctx, id, {
    action: 'deployment.cancel',
    work: async (tx, deploymentId) => {
      const opened = await openDeployment(tx, deploymentId)
      const { environment, deployment, now } = opened
      if (isCanceled(deployment.status)) return false
      refuseFinished(deployment.status)
      const run = await findRunOfDeployment(tx, deploymentId)
      if (run !== null) {
        const open = openRunOf(opened, run)
        await saveRun(tx, open, canceled(open.run, now), ctx.actor.subject)
        return true
      }
      if (deployment.status !== DeploymentStatus.PENDING) {
        throw new SlipwayError('NOT_CANCELABLE', {
          details: 'A pipeline drives it: stop it there and report that, or resolve the deployment.',
        })
      }
      const entry = { status: DeploymentStatus.CANCELED, at: now, errorMessage: null, externalUrl: null }
      const recording = { actor: ctx.actor.subject, source: TrackingSource.RESOLUTION, now }
      await changeStatus(tx, environment, deployment, entry, recording)
      return true
    },
  })
}

/** The same for the build of a candidate. */
export async function cancelBuild(ctx: ServiceContext, id: string): Promise<BuildAnswer> {
  return actOnBuild(ctx, id, {
    action: 'build.cancel',
    work: async (tx, candidateId) => {
      const open = await openRun(tx, requireRun(await findRunOfBuild(tx, candidateId)))
      if (isCanceled(open.run.status)) return false
      refuseFinished(open.run.status)
      await saveRun(tx, open, canceled(open.run, open.now), ctx.actor.subject)
      return true
    },
  })
}

/** What has not been started is canceled, of what has been the runner is asked to stop it. */
function canceled(run: Run, now: Date, reason: string | null = null): Run {
  return run.phase === RunPhase.QUEUED ? conclude(run, DeploymentStatus.CANCELED, reason, now) : requestCancel(run, now)
}

/**
 * Has an active deployment stopped since another one takes its place: at once when nothing is known to run it, otherwise
 * as soon as its runner has done it.
 */
export async function cancelActive(
  tx: SqlTransaction,
  opened: OpenDeployment,
  actor: string,
  reason: string,
): Promise<void> {
  const { environment, deployment, now } = opened
  if (deployment.status === DeploymentStatus.CANCELING) return
  const run = await findRunOfDeployment(tx, deployment.id)
  if (run !== null && run.phase !== RunPhase.ENDED) {
    const open = openRunOf(opened, run)
    await saveRun(tx, open, canceled(open.run, now, reason), actor)
    return
  }
  const entry = { status: DeploymentStatus.CANCELED, at: now, errorMessage: reason, externalUrl: null }
  await changeStatus(tx, environment, deployment, entry, { actor, source: TrackingSource.RESOLUTION, now })
}

function isCanceled(status: DeploymentStatus): boolean {
  return status === DeploymentStatus.CANCELED || status === DeploymentStatus.CANCELING
}

function refuseFinished(status: DeploymentStatus): void {
  if (isFinished(status)) throw new SlipwayError('ALREADY_FINISHED', { details: `Its status is ${status}.` })
}
