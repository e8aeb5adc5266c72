import { SlipwayError } from '../../core/errors.js'
import { DeploymentStatus, TrackingSource } from '../../database/generated/enums.js'
import type { ServiceContext } from '../context/service-context.js'
import { isFinished } from '../deployment/deployment.status.js'
import { changeStatus } from '../deployment/deployment.store.js'
import { actOnBuild, actOnDeployment, type BuildAnswer, type DeploymentAnswer, requireRun } from './act.service.js'
import { openDeployment, openRun, openRunOf, saveRun } from './open-run.js'
import { ended, resolve } from './run.rules.js'
import { findRunOfBuild, findRunOfDeployment, updateRun } from './run.store.js'

/** Says how a deployment ended when nothing else can tell. Its run is not followed any more. */
export async function resolveDeployment(
  ctx: ServiceContext,
  id: string,
  status: DeploymentStatus,
  reason: string,
): Promise<DeploymentAnswer> {
  checkResolution(status, reason)
  return actOnDeployment(ctx, id, {
    action: 'deployment.resolve',
    data: { status, reason },
    work: async (tx, deploymentId) => {
      const opened = await openDeployment(tx, deploymentId)
      const { environment, deployment, now } = opened
      if (deployment.status === status) return false
      const run = await findRunOfDeployment(tx, deploymentId)
      const errorMessage = status === DeploymentStatus.SUCCESS ? null : reason
      const entry = { status, at: now, errorMessage, externalUrl: null, note: reason }
      const recording = { actor: ctx.actor.subject, source: TrackingSource.RESOLUTION, now }
      const resolved = await changeStatus(tx, environment, deployment, entry, recording)
      if (run !== null) await updateRun(tx, ended(openRunOf({ ...opened, deployment: resolved }, run).run))
      return true
    },
  })
}

/** The same for the build of a candidate. */
export async function resolveBuild(
  ctx: ServiceContext,
  id: string,
  status: DeploymentStatus,
  reason: string,
): Promise<BuildAnswer> {
  checkResolution(status, reason)
  return actOnBuild(ctx, id, {
    action: 'build.resolve',
    data: { status, reason },
    work: async (tx, candidateId) => {
      const open = await openRun(tx, requireRun(await findRunOfBuild(tx, candidateId)))
      if (open.run.status === status) return false
      if (open.run.status === DeploymentStatus.SUCCESS) throw new SlipwayError('ALREADY_FINISHED')
      await saveRun(tx, open, resolve(open.run, status, reason, open.now), ctx.actor.subject)
      return true
    },
  })
}

function checkResolution(status: DeploymentStatus, reason: string): void {
  if (!isFinished(status)) {
    throw new SlipwayError('INVALID_DEPLOYMENT_STATUS', { details: 'Expected SUCCESS, FAILURE, CANCELED or ERROR.' })
  }
  if (reason.trim() === '') {
    throw new SlipwayError('INVALID_INPUT', { message: 'reason is missing', details: 'Say how it is known.' })
  }
}
