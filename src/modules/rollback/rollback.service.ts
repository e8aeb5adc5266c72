import { SLIPWAY } from '../../core/actor.js'
import { SlipwayError } from '../../core/errors.js'
import { type Deployment, Prisma, type Project } from '../../database/generated/client.js'
import { DeploymentKind, DeploymentStatus } from '../../database/generated/enums.js'
import { inTurn, type SqlTransaction, sqlTransaction } from '../../database/transaction.js'
import { authorize } from '../access/access.rules.js'
import { withdrawApprovals } from '../approval/approval.store.js'
import { recordAuditEvent } from '../audit/audit.service.js'
import type { ServiceContext } from '../context/service-context.js'
import { takeDeployment } from '../deployment/admission.service.js'
import { activeDeployments, deploymentOfRequest, readDeployment } from '../deployment/deployment.store.js'
import {
  type LockedEnvironment,
  lockEnvironment,
  lockEnvironmentOf,
  turnOfNamed,
} from '../environment/environment.lock.js'
import { findProjectByKey, requireProject } from '../project/project.service.js'
import { quarantine } from '../quarantine/quarantine.service.js'
import { type Candidate, findCandidateByKey, versionOf } from '../release/release.service.js'
import type { TrackingContext } from '../tracking/advance.service.js'
import { cancelActive } from '../tracking/cancel.service.js'
import { rollbackTarget } from './rollback.rules.js'
import { isUndone, newestCarriedOut, successesOf } from './rollback.store.js'

interface RollbackRequest {
  /** The project's name. */
  readonly project: string
  /** The environment's name. */
  readonly environment: string
  /** Whether no freeze is to stop it. */
  readonly force?: boolean | null | undefined
  readonly reason?: string | null | undefined
}

interface RollbackOutcome {
  readonly deployment: Deployment
  /** False when the same rollback was under way already. */
  readonly created: boolean
}

/**
 * Rolls an environment back: after a success to what ran before it, after anything else to the last good candidate again.
 * What is active is canceled first. Promotion and approval do not apply, a freeze does unless it is forced. Where the
 * same rollback is under way already, that is answered: those who press the button together, or twice, go back one step.
 *
 * @throws SlipwayError `NO_PREVIOUS_DEPLOYMENT`, `ENVIRONMENT_FROZEN`
 */
export async function rollbackEnvironment(ctx: ServiceContext, input: RollbackRequest): Promise<RollbackOutcome> {
  const isForced = input.force === true
  const reason = input.reason?.trim() || null
  return sqlTransaction(inTurn(ctx.database, turnOfNamed(input)), async tx => {
    const project = await requireProject(tx, ctx.actor, input.project)
    authorize(ctx.actor, 'environment.rollback')
    if (isForced) authorize(ctx.actor, 'deployment.force')
    const { environment, now } = await lockEnvironment(tx, project, input.environment)
    const repeated = ctx.requestKey === null ? null : await deploymentOfRequest(tx, ctx.requestKey)
    if (repeated !== null) return { deployment: repeated, created: true }
    const way = await findWay(tx, environment)
    if (way === null) throw new SlipwayError('NO_PREVIOUS_DEPLOYMENT')
    const active = await activeDeployments(tx, environment)
    const newest = active.at(-1)
    const isUnderWay = newest?.kind === DeploymentKind.ROLLBACK && newest.candidateId === way.candidate.id
    if (isUnderWay && newest.isForced >= isForced) return { deployment: newest, created: false }
    const deployment = await rollBack(tx, { project, environment, now }, way, {
      isAutomatic: false,
      isForced,
      reason,
      requestKey: ctx.requestKey,
      actor: ctx.actor.subject,
    })
    await audit(tx, ctx.actor, { project, environment, now }, way, deployment)
    return { deployment, created: true }
  })
}

/**
 * Undoes a deployment that has failed, once, unless somebody has taken that in hand meanwhile. Automation is held then
 * until a person resumes it.
 */
export async function rollBackFailure({ database }: TrackingContext, deploymentId: string): Promise<void> {
  await sqlTransaction(inTurn(database, `deployment ${deploymentId}`), async tx => {
    const { environment, now } = await lockEnvironmentOf(tx, deploymentId)
    const failed = await readDeployment(tx, environment, deploymentId)
    const hasFailed = failed.status === DeploymentStatus.FAILURE || failed.status === DeploymentStatus.ERROR
    if (!environment.automation.rollBackOnFailure || !hasFailed || (await isUndone(tx, failed))) return
    const way = await findWay(tx, environment)
    if (way === null || way.undone.id !== failed.id) return
    const project = await findProjectByKey(tx, environment.projectId)
    if (project === null) throw new Error(`The project ${environment.projectId} is referred to but not there`)
    const undone = await findCandidateByKey(tx, failed.candidateId)
    const reason = `${versionOf(undone)} (deployment ${failed.number}) ended as ${failed.status}`
    const place = { project, environment, now }
    const deployment = await rollBack(tx, place, way, {
      isAutomatic: true,
      isForced: false,
      reason,
      requestKey: null,
      actor: SLIPWAY.subject,
    })
    await tx.$queryRaw(Prisma.sql`
      UPDATE environments SET held_at = ${now}, hold_reason = ${`${reason} and was rolled back`}
      WHERE id = ${environment.id}::uuid`)
    await audit(tx, SLIPWAY, place, way, deployment)
  })
}

/** What is undone, and the candidate that it is undone with. */
interface Way {
  readonly undone: Deployment
  readonly candidate: Candidate
}

interface Place {
  readonly project: Project
  readonly environment: LockedEnvironment
  readonly now: Date
}

interface Rollback {
  readonly actor: string
  readonly isAutomatic: boolean
  readonly isForced: boolean
  readonly reason: string | null
  readonly requestKey: string | null
}

async function findWay(tx: SqlTransaction, environment: LockedEnvironment): Promise<Way | null> {
  const undone = await newestCarriedOut(tx, environment)
  if (undone === null) return null
  const target = rollbackTarget(await successesOf(tx, environment), undone.status === DeploymentStatus.SUCCESS)
  return target === null ? null : { undone, candidate: await findCandidateByKey(tx, target) }
}

async function rollBack(tx: SqlTransaction, place: Place, { undone, candidate }: Way, rollback: Rollback) {
  const { environment, now } = place
  const { actor } = rollback
  for (const deployment of await activeDeployments(tx, environment)) {
    await cancelActive(tx, { environment, deployment, now }, actor, `Canceled by a rollback to ${versionOf(candidate)}`)
  }
  if (undone.candidateId !== candidate.id) {
    await withdrawApprovals(tx, environment, undone.candidateId, now)
    if (environment.automation.quarantineOnRollback) {
      const reason = `It was rolled back on ${environment.name}${rollback.reason === null ? '' : `: ${rollback.reason}`}`
      await quarantine(tx, undone.candidateId, { actor, reason })
    }
  }
  return takeDeployment(
    tx,
    { ...place, candidate },
    { ...rollback, kind: DeploymentKind.ROLLBACK, undoesId: undone.id },
  )
}

function audit(
  tx: SqlTransaction,
  actor: Parameters<typeof recordAuditEvent>[1],
  { project, environment, now }: Place,
  { undone, candidate }: Way,
  { id, isForced, reason }: Deployment,
): Promise<void> {
  return recordAuditEvent(tx, actor, {
    action: 'environment.rollback',
    at: now,
    projectId: project.id,
    subjectId: id,
    data: {
      environment: environment.name,
      undoes: undone.number,
      candidateVersion: versionOf(candidate),
      forced: isForced,
      reason,
    },
  })
}
