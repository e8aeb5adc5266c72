import { type Deployment, Prisma, type ReleaseCandidate } from '../../database/generated/client.js'
import { DeploymentKind, DeploymentStatus } from '../../database/generated/enums.js'
import type { SqlTransaction } from '../../database/transaction.js'
import { enqueue } from '../../jobs/jobs.js'
import type { LockedEnvironment } from '../environment/environment.lock.js'
import { isFinished } from './deployment.status.js'

/**
 * Has done what follows from the status that a deployment got, whoever told it: what waited for its end starts, what
 * waited for its success elsewhere, too, and automation sets to work. Part of the transaction that stores the status, so
 * that nothing of it is lost.
 */
export async function followUp(
  tx: SqlTransaction,
  environment: LockedEnvironment,
  deployment: Deployment,
): Promise<void> {
  const { status } = deployment
  if (!isFinished(status)) return
  if (environment.waitingDeployments > 0) await wakeWaiting(tx, environment.id)
  if (status === DeploymentStatus.SUCCESS) await wakeDependents(tx, environment, deployment)
  const hasFailed = status === DeploymentStatus.FAILURE || status === DeploymentStatus.ERROR
  if (hasFailed && deployment.kind === DeploymentKind.DEPLOYMENT && environment.automation.rollBackOnFailure) {
    await enqueue(tx, 'roll-back', { deploymentId: deployment.id }, { key: `roll-back:${deployment.id}` })
  }
}

/** Has the gates of what waits on an environment judged again, now. */
export function wakeWaiting(tx: SqlTransaction, environmentId: string): Promise<void> {
  return enqueue(tx, 'admit-waiting', { environmentId }, { key: `admit-waiting:${environmentId}` })
}

/**
 * The same at a time at which a gate may open by itself. It has a key of its own: what is due now is not put off by it,
 * which may have happened after the gates were looked at.
 */
export function wakeWaitingAt(tx: SqlTransaction, environmentId: string, runAt: Date): Promise<void> {
  return enqueue(tx, 'admit-waiting', { environmentId }, { key: `admit-waiting-at:${environmentId}`, runAt })
}

/** The same for a candidate that has become ready: the environments of its project that ask for it get it. */
export async function followUpReady(
  tx: SqlTransaction,
  { id, projectId }: Pick<ReleaseCandidate, 'id' | 'projectId'>,
): Promise<void> {
  const environments = await tx.$queryRaw<{ id: string }[]>(Prisma.sql`
    SELECT id FROM environments WHERE project_id = ${projectId}::uuid AND (automation -> 'deployWhenReady')::boolean`)
  for (const environment of environments) await considerDeploying(tx, environment.id, id)
}

/** Has Slipway consider to deploy a candidate to an environment. */
function considerDeploying(tx: SqlTransaction, environmentId: string, candidateId: string): Promise<void> {
  const key = `deploy-automatically:${environmentId}:${candidateId}`
  return enqueue(tx, 'deploy-automatically', { environmentId, candidateId }, { key })
}

/**
 * Whether anything waits on a dependent is left to the job, which locks it: a deployment that is about to wait there may
 * not be seen from here, as this success may not be seen from there.
 */
async function wakeDependents(
  tx: SqlTransaction,
  { id, projectId }: LockedEnvironment,
  { candidateId }: Deployment,
): Promise<void> {
  const dependents = await tx.$queryRaw<{ id: string; promotes: boolean; deploys: boolean }[]>(Prisma.sql`
    SELECT * FROM (
      SELECT id, coalesce(gates #> '{promotion,environmentIds}' ? ${id}, false) AS promotes,
             coalesce(automation -> 'deployAfterSuccessIn' ? ${id}, false) AS deploys
      FROM environments WHERE project_id = ${projectId}::uuid
    ) AS environment WHERE promotes OR deploys`)
  for (const dependent of dependents) {
    if (dependent.promotes) await wakeWaiting(tx, dependent.id)
    if (dependent.deploys) await considerDeploying(tx, dependent.id, candidateId)
  }
}
