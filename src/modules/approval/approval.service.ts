import { SlipwayError } from '../../core/errors.js'
import type { Deployment, Project } from '../../database/generated/client.js'
import { DeploymentStatus, ReviewVerdict, TrackingSource } from '../../database/generated/enums.js'
import type { SqlTransaction } from '../../database/transaction.js'
import type { ServiceContext } from '../context/service-context.js'
import { admitWaiting, requestOf } from '../deployment/admission.service.js'
import { isWaiting } from '../deployment/deployment.status.js'
import { changeStatus } from '../deployment/deployment.store.js'
import { mayApprove, whoApproves } from '../gate/approval.gate.js'
import { type ApprovalGate, isExclusive } from '../gate/gates.js'
import { actOnDeployment, type DeploymentAnswer } from '../tracking/act.service.js'
import { type OpenDeployment, openDeployment } from '../tracking/open-run.js'
import { insertReview, withdrawApprovals } from './approval.store.js'

/**
 * Approves of a deployment that waits. With the last approval that it needs it starts, unless another gate is closed.
 * Approving twice changes nothing.
 *
 * @throws SlipwayError `NOT_WAITING`, or `FORBIDDEN` for who asked for it and for who is not among the approvers
 */
export async function approveDeployment(
  ctx: ServiceContext,
  id: string,
  comment: string | null,
): Promise<DeploymentAnswer> {
  return actOnDeployment(ctx, id, {
    action: 'deployment.approve',
    data: { comment: comment ?? '' },
    work: async (tx, deploymentId, project) => {
      const opened = await openForReview(ctx, tx, deploymentId)
      const { environment, deployment, now } = opened
      const { subject: actor } = ctx.actor
      const review = { verdict: ReviewVerdict.APPROVED, actor, comment, at: now }
      const isNews = await insertReview(tx, environment, deployment, review)
      if (isNews) await goOn(tx, project, opened)
      return isNews
    },
  })
}

/** Rejects a deployment that waits: it is canceled, and what was approved of the candidate there is withdrawn. */
export async function rejectDeployment(ctx: ServiceContext, id: string, comment: string): Promise<DeploymentAnswer> {
  if (comment.trim() === '') {
    throw new SlipwayError('INVALID_INPUT', { message: 'comment is missing', details: 'Say why it is rejected.' })
  }
  return actOnDeployment(ctx, id, {
    action: 'deployment.reject',
    data: { comment },
    work: async (tx, deploymentId) => {
      const { environment, deployment, now } = await openForReview(ctx, tx, deploymentId)
      const { subject: actor } = ctx.actor
      await withdrawApprovals(tx, environment, deployment.candidateId, now)
      await insertReview(tx, environment, deployment, { verdict: ReviewVerdict.REJECTED, actor, comment, at: now })
      const errorMessage = `Rejected by ${actor}: ${comment}`
      const entry = { status: DeploymentStatus.CANCELED, at: now, errorMessage, externalUrl: null }
      await changeStatus(tx, environment, deployment, entry, { actor, source: TrackingSource.RESOLUTION, now })
      return true
    },
  })
}

async function openForReview(ctx: ServiceContext, tx: SqlTransaction, deploymentId: string): Promise<OpenDeployment> {
  const opened = await openDeployment(tx, deploymentId)
  const { approval } = opened.environment.gates
  if (!isWaiting(opened.deployment)) {
    throw new SlipwayError('NOT_WAITING', { details: `Its status is ${opened.deployment.status}.` })
  }
  if (approval == null) {
    throw new SlipwayError('NOT_WAITING', { details: 'The environment has no approval gate.' })
  }
  refuseOthers(approval, opened.deployment, ctx.actor.subject)
  return opened
}

function refuseOthers(approval: ApprovalGate, deployment: Deployment, actor: string): void {
  if (mayApprove(approval, requestOf(deployment, true), actor)) return
  throw new SlipwayError('FORBIDDEN', { details: `${whoApproves(approval)} may review it, but not who asked for it.` })
}

/** Only in a lane for one can deployments of other candidates be concerned. */
async function goOn(tx: SqlTransaction, project: Project, { environment, deployment, now }: OpenDeployment) {
  const candidateId = isExclusive(environment.gates) ? null : deployment.candidateId
  await admitWaiting(tx, { project, environment, now }, candidateId)
}
