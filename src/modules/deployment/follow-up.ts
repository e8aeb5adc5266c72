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
  const dependents = status === DeploymentStatus.SUCCESS ? await dependentsOf(tx, environment) : []
  const waiting = dependents.filter(({ promotes }) => promotes).map(({ id }) => id)
  if (environment.waitingDeployments > 0) waiting.push(environment.id)
  await wakeAll(tx, waiting)
  for (const { id, deploys } of dependents) if (deploys) await considerDeploying(tx, id, deployment.candidateId)
  const hasFailed = status === DeploymentStatus.FAILURE || status === DeploymentStatus.ERROR
  if (hasFailed && deployment.kind === DeploymentKind.DEPLOYMENT && environment.automation.rollBackOnFailure) {
    await enqueue(tx, 'roll-back', { deploymentId: deployment.id }, { key: `roll-back:${deployment.id}` })
  }
}

/** Has the gates of what waits on an environment judged again, now. */
export function wakeWaiting(tx: SqlTransaction, environmentId: string): Promise<void> {
  return enqueue(tx, 'admit-waiting', { environmentId }, { key: `admit-waiting:${environmentId}` })
}

/** The same for several environments. */
export async function wakeAll(tx: SqlTransaction, environmentIds: readonly string[]): Promise<void> {
  for (const id of environmentIds) await wakeWaiting(tx, id)
}

/**
 * The same for one at a time at which a gate may open by itself. It has a key of its own: what is due now is not put off by it,
 * which may have happened after the gates were looked at.
 */
export function wakeWaitingAt(tx: SqlTransaction, environmentId: string, runAt: Date): Promise<void> {
  return enqueue(tx, 'admit-waiting', { environmentId }, { key: `admit-waiting-at:${environmentId}`, runAt })
}

/** Has done what follows from a candidate's having become ready: the environments of its project that ask for it get it. */
export async function followUpReady(
  tx: SqlTransaction,
  { id, projectId }: Pick<ReleaseCandidate, 'id' | 'projectId'>,
): Promise<void> {
  const environments = await tx.$queryRaw<{ id: string }[]>(Prisma.sql`
    SELECT id FROM environments WHERE project_id = ${projectId}::uuid AND (automation -> 'deployWhenReady')::boolean
    ORDER BY id`)
  for (const environment of environments) await considerDeploying(tx, environment.id, id)
}

/** Has Slipway consider to deploy a candidate to an environment. */
function considerDeploying(tx: SqlTransaction, environmentId: string, candidateId: string): Promise<void> {
  const key = `deploy-automatically:${environmentId}:${candidateId}`
  return enqueue(tx, 'deploy-automatically', { environmentId, candidateId }, { key })
}

/** An environment on which something depends on the successes of another one. */
interface Dependent {
  readonly id: string
  /** Whether its promotion gate names the other one. */
  readonly promotes: boolean
  /** Whether it deploys what has succeeded there. */
  readonly deploys: boolean
}

/**
 * The dependents of an environment. Whether anything waits on them is left to the job, which locks them: a deployment that
 * is about to wait there may not be seen from here, as this success may not be seen from there.
 */
function dependentsOf(tx: SqlTransaction, { id, projectId }: LockedEnvironment): PromiseLike<Dependent[]> {
  return tx.$queryRaw<Dependent[]>(Prisma.sql`
    SELECT * FROM (
      SELECT id, coalesce(gates #> '{promotion,environmentIds}' ? ${id}, false) AS promotes,
             coalesce(automation -> 'deployAfterSuccessIn' ? ${id}, false) AS deploys
      FROM environments WHERE project_id = ${projectId}::uuid
    ) AS environment WHERE promotes OR deploys ORDER BY id`)
}
