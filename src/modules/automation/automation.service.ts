import { SLIPWAY } from '../../core/actor.js'
import { Prisma } from '../../database/generated/client.js'
import { CandidateStatus, DeploymentKind } from '../../database/generated/enums.js'
import { inTurn, type SqlTransaction, sqlTransaction } from '../../database/transaction.js'
import { recordAuditEvent } from '../audit/audit.service.js'
import { takeDeployment } from '../deployment/admission.service.js'
import { type LockedEnvironment, lockEnvironmentByKey, turnOf } from '../environment/environment.lock.js'
import { findProjectByKey } from '../project/project.service.js'
import { type Candidate, findCandidateByKey, versionOf } from '../release/release.service.js'
import type { TrackingContext } from '../tracking/advance.service.js'

/**
 * Deploys a candidate to an environment that asks for it: when it has become ready, or has succeeded in all environments
 * that the environment names. A candidate that has been there is never deployed again by itself, whatever came of it, nor
 * one that is older than what runs there or is on its way.
 */
export async function deployAutomatically(
  { database }: TrackingContext,
  environmentId: string,
  candidateId: string,
): Promise<void> {
  await sqlTransaction(inTurn(database, turnOf(environmentId)), async tx => {
    const { environment, now } = await lockEnvironmentByKey(tx, environmentId)
    const candidate = await findCandidateByKey(tx, candidateId)
    if (!(await isWanted(tx, environment, candidate))) return
    const project = await findProjectByKey(tx, environment.projectId)
    if (project === null) throw new Error(`The project ${environment.projectId} is referred to but not there`)
    const deployment = await takeDeployment(
      tx,
      { project, environment, candidate, now },
      {
        kind: DeploymentKind.DEPLOYMENT,
        undoesId: null,
        isAutomatic: true,
        isForced: false,
        reason: null,
        requestKey: null,
        actor: SLIPWAY.subject,
      },
    )
    await recordAuditEvent(tx, SLIPWAY, {
      action: 'deployment.create',
      at: now,
      projectId: project.id,
      subjectId: deployment.id,
      data: { environment: environment.name, candidateVersion: versionOf(candidate), automatic: true },
    })
  })
}

async function isWanted(
  tx: SqlTransaction,
  environment: LockedEnvironment,
  { id, status, quarantinedAt }: Candidate,
): Promise<boolean> {
  if (status !== CandidateStatus.READY || quarantinedAt !== null) return false
  const { deployWhenReady, deployAfterSuccessIn = [] } = environment.automation
  if (!deployWhenReady && deployAfterSuccessIn.length === 0) return false
  const [found] = await tx.$queryRaw<[{ hasSucceeded: boolean; wasThere: boolean; isOutdated: boolean }]>(Prisma.sql`
    SELECT
      (SELECT count(DISTINCT environment_id) FROM deployments
       WHERE candidate_id = ${id}::uuid AND status = 'SUCCESS'
         AND environment_id = ANY (${deployAfterSuccessIn}::uuid[])) = ${deployAfterSuccessIn.length} AS "hasSucceeded",
      EXISTS (SELECT FROM deployments
              WHERE candidate_id = ${id}::uuid AND environment_id = ${environment.id}::uuid) AS "wasThere",
      EXISTS (
        SELECT FROM (
          (SELECT candidate_id FROM deployments WHERE environment_id = ${environment.id}::uuid AND finished_at IS NULL)
          UNION ALL
          (SELECT candidate_id FROM deployments WHERE environment_id = ${environment.id}::uuid AND status = 'SUCCESS'
           ORDER BY finished_at DESC, number DESC LIMIT 1)
        ) AS present
        JOIN release_candidates AS other ON other.id = present.candidate_id
        JOIN release_candidates AS candidate ON candidate.id = ${id}::uuid
        WHERE (other.created_at, other.id) > (candidate.created_at, candidate.id)
      ) AS "isOutdated"`)
  return (deployWhenReady || found.hasSucceeded) && !found.wasThere && !found.isOutdated
}
