import { type Actor, maySeeProject } from '../../core/actor.js'
import { SlipwayError } from '../../core/errors.js'
import { fromGlobalId } from '../../core/global-id.js'
import { currentTime } from '../../database/clock.js'
import type { Deployment, Project } from '../../database/generated/client.js'
import { DeploymentStatus, RepositoryHost, RunPhase, TrackingSource } from '../../database/generated/enums.js'
import { type SqlTransaction, sqlTransaction } from '../../database/transaction.js'
import { type Action, authorize } from '../access/access.rules.js'
import { recordAuditEvent } from '../audit/audit.service.js'
import type { ServiceContext } from '../context/service-context.js'
import { isFinished } from '../deployment/deployment.status.js'
import { changeStatus } from '../deployment/deployment.store.js'
import { findProjectByKey } from '../project/project.service.js'
import { type Candidate, findCandidateByKey } from '../release/release.service.js'
import type { GitHubActionsWorkflow } from '../workflow/workflow.js'
import { checkRun } from './advance.service.js'
import { lockCandidate, openDeployment, openRun, saveRun } from './open-run.js'
import type { Run } from './run.js'
import { conclude, ended, follow, requestCancel, resolve } from './run.rules.js'
import { deploymentPlaceholders, newRun } from './run.start.js'
import { findRunByExternalId, findRunOfBuild, findRunOfDeployment, insertRun, updateRun, wakeRun } from './run.store.js'

/** A person or a pipeline steps in: what is said here is not learned from a runner. All of it is audited. */

/** The global ID of a deployment. */
type DeploymentId = string
/** The global ID of a candidate. */
type CandidateId = string

interface DeploymentAnswer {
  readonly deployment: Deployment
}

interface BuildAnswer {
  readonly candidate: Candidate
}

/**
 * Has a deployment stopped: one that has not been started is canceled at once, of another the runner is asked to stop it.
 * Repeating it changes nothing.
 */
export async function cancelDeployment(ctx: ServiceContext, id: DeploymentId): Promise<DeploymentAnswer> {
  return onDeployment(ctx, id, 'deployment.cancel', {}, async (tx, deploymentId) => {
    const { environment, deployment, now } = await openDeployment(tx, deploymentId)
    if (isCanceled(deployment.status)) return false
    refuseFinished(deployment.status)
    const run = await findRunOfDeployment(tx, deploymentId)
    if (run !== null) {
      const open = await openRun(tx, run)
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
  })
}

/** The same for the build of a candidate. */
export async function cancelBuild(ctx: ServiceContext, id: CandidateId): Promise<BuildAnswer> {
  return onCandidate(ctx, id, 'build.cancel', {}, async (tx, candidateId) => {
    const open = await openRun(tx, requireRun(await findRunOfBuild(tx, candidateId)))
    if (isCanceled(open.run.status)) return false
    refuseFinished(open.run.status)
    await saveRun(tx, open, canceled(open.run, open.now), ctx.actor.subject)
    return true
  })
}

/** Says how a deployment ended when nothing else can tell. Its run is not followed any more. */
export async function resolveDeployment(
  ctx: ServiceContext,
  id: DeploymentId,
  status: DeploymentStatus,
  reason: string,
): Promise<DeploymentAnswer> {
  checkResolution(status, reason)
  return onDeployment(ctx, id, 'deployment.resolve', { status, reason }, async (tx, deploymentId) => {
    const { environment, deployment, now } = await openDeployment(tx, deploymentId)
    if (deployment.status === status) return false
    const run = await findRunOfDeployment(tx, deploymentId)
    const errorMessage = status === DeploymentStatus.SUCCESS ? null : reason
    const entry = { status, at: now, errorMessage, externalUrl: null, note: reason }
    const recording = { actor: ctx.actor.subject, source: TrackingSource.RESOLUTION, now }
    await changeStatus(tx, environment, deployment, entry, recording)
    if (run !== null) await updateRun(tx, ended((await openRun(tx, run)).run))
    return true
  })
}

/** The same for the build of a candidate. */
export async function resolveBuild(
  ctx: ServiceContext,
  id: CandidateId,
  status: DeploymentStatus,
  reason: string,
): Promise<BuildAnswer> {
  checkResolution(status, reason)
  return onCandidate(ctx, id, 'build.resolve', { status, reason }, async (tx, candidateId) => {
    const open = await openRun(tx, requireRun(await findRunOfBuild(tx, candidateId)))
    if (open.run.status === status) return false
    if (open.run.status === DeploymentStatus.SUCCESS) throw new SlipwayError('ALREADY_FINISHED')
    await saveRun(tx, open, resolve(open.run, status, reason, open.now), ctx.actor.subject)
    return true
  })
}

/** Asks the runner how a deployment is, now. */
export async function refreshDeployment(ctx: ServiceContext, id: DeploymentId): Promise<DeploymentAnswer> {
  const found: { run: Run | null } = { run: null }
  const { deployment } = await onDeployment(ctx, id, 'deployment.refresh', {}, async (tx, deploymentId) => {
    found.run = await findRunOfDeployment(tx, deploymentId)
    checkAskable(ctx, found.run)
    return true
  })
  await askNow(ctx, requireRun(found.run))
  return deploymentAnswer(ctx, deployment.id)
}

/** The same for the build of a candidate. */
export async function refreshBuild(ctx: ServiceContext, id: CandidateId): Promise<BuildAnswer> {
  const found: { run: Run | null } = { run: null }
  const { candidate } = await onCandidate(ctx, id, 'build.refresh', {}, async (tx, candidateId) => {
    found.run = await findRunOfBuild(tx, candidateId)
    checkAskable(ctx, found.run)
    return true
  })
  await askNow(ctx, requireRun(found.run))
  return buildAnswer(ctx, candidate.id)
}

/**
 * A run of GitHub Actions tells which deployment it carries out. From then on it is followed, also when nothing here had
 * started it. Repeating it changes nothing.
 */
export async function syncDeploymentRun(
  ctx: ServiceContext,
  id: DeploymentId,
  workflowRunId: string,
): Promise<DeploymentAnswer> {
  checkRunId(workflowRunId)
  return onDeployment(ctx, id, 'deployment.sync', { workflowRunId }, async (tx, deploymentId, project) => {
    const { environment, deployment, now } = await openDeployment(tx, deploymentId)
    const run = await findRunOfDeployment(tx, deploymentId)
    if (run !== null) return nameRun(ctx, tx, run, workflowRunId)
    const workflow = workflowOfCallback(project)
    await refuseOthers(tx, workflow, workflowRunId)
    const candidate = await findCandidateByKey(tx, deployment.candidateId)
    const fresh = newRun(workflow, now)
    const isOver = isFinished(deployment.status)
    await insertRun(tx, {
      ...fresh,
      deploymentId,
      candidateId: null,
      placeholders: deploymentPlaceholders(project, environment, candidate, deployment),
      externalId: workflowRunId,
      phase: isOver ? RunPhase.ENDED : RunPhase.FOLLOWED,
      status: deployment.status,
      source: deployment.source,
      startedAt: deployment.startedAt,
      finishedAt: deployment.finishedAt,
      nextCheckAt: isOver ? null : now,
    })
    return true
  })
}

/** The same for the run that builds a candidate. */
export async function syncBuildRun(ctx: ServiceContext, id: CandidateId, workflowRunId: string): Promise<BuildAnswer> {
  checkRunId(workflowRunId)
  return onCandidate(ctx, id, 'build.sync', { workflowRunId }, async (tx, candidateId) => {
    await lockCandidate(tx, candidateId)
    return nameRun(ctx, tx, requireRun(await findRunOfBuild(tx, candidateId)), workflowRunId)
  })
}

async function nameRun(ctx: ServiceContext, tx: SqlTransaction, run: Run, workflowRunId: string): Promise<boolean> {
  if (run.externalId === workflowRunId) return false
  if (run.runner !== 'GITHUB_ACTIONS' || run.externalId !== null) {
    const known = run.externalId === null ? `of the kind ${run.runner}` : run.externalId
    throw new SlipwayError('RUN_MISMATCH', { details: `Its run is ${known}, not ${workflowRunId} of GitHub Actions.` })
  }
  await refuseOthers(tx, run, workflowRunId)
  const open = await openRun(tx, run)
  const named = follow(open.run, workflowRunId, null, ctx.pace, open.now)
  if (isFinished(open.run.status)) {
    await updateRun(tx, ended(named))
  } else {
    await saveRun(tx, open, named, ctx.actor.subject)
    await wakeRun(tx, run.id, open.now)
  }
  return true
}

async function refuseOthers(
  tx: SqlTransaction,
  { runner, scope, repository }: { runner: Run['runner']; scope?: string; repository?: string },
  externalId: string,
): Promise<void> {
  const place = scope ?? repository?.toLowerCase() ?? ''
  const other = await findRunByExternalId(tx, { runner, scope: place, externalId })
  if (other !== null) {
    throw new SlipwayError('RUN_MISMATCH', { details: `${externalId} carries out another deployment or build.` })
  }
}

/** What is known of a workflow that was not started from here: it runs in the project's own repository. */
function workflowOfCallback({ repository, repositoryHost }: Project): GitHubActionsWorkflow {
  if (repositoryHost !== RepositoryHost.GITHUB) {
    throw new SlipwayError('NOT_TRACKED', {
      details: 'The environment has no workflow, and the project is not on GitHub.',
    })
  }
  return { runner: 'GITHUB_ACTIONS', workflow: '', ref: null, repository, parameters: [], timeoutMinutes: 60 }
}

function canceled(run: Run, now: Date): Run {
  return run.phase === RunPhase.QUEUED ? conclude(run, DeploymentStatus.CANCELED, null, now) : requestCancel(run, now)
}

function isCanceled(status: DeploymentStatus): boolean {
  return status === DeploymentStatus.CANCELED || status === DeploymentStatus.CANCELING
}

function refuseFinished(status: DeploymentStatus): void {
  if (isFinished(status)) throw new SlipwayError('ALREADY_FINISHED', { details: `Its status is ${status}.` })
}

function checkResolution(status: DeploymentStatus, reason: string): void {
  if (!isFinished(status)) {
    throw new SlipwayError('INVALID_DEPLOYMENT_STATUS', { details: 'Expected SUCCESS, FAILURE, CANCELED or ERROR.' })
  }
  if (reason.trim() === '') {
    throw new SlipwayError('INVALID_INPUT', { message: 'reason is missing', details: 'Say how it is known.' })
  }
}

function checkRunId(id: string): void {
  if (!/^[1-9]\d{0,19}$/.test(id)) {
    throw new SlipwayError('INVALID_INPUT', {
      message: 'Invalid workflow_run_id',
      details: 'Expected GitHub’s number of it.',
    })
  }
}

function requireRun(run: Run | null): Run {
  if (run === null) throw new SlipwayError('NOT_TRACKED', { details: 'No workflow was started for it.' })
  return run
}

function checkAskable(ctx: ServiceContext, found: Run | null): void {
  const run = requireRun(found)
  if (!ctx.runners[run.runner].canBeAsked) {
    throw new SlipwayError('NOT_TRACKED', { details: 'The receiver of a webhook reports by itself.' })
  }
  if (run.externalId === null) {
    throw new SlipwayError('NOT_TRACKED', { details: `${ctx.runners[run.runner].name} has not started it yet.` })
  }
}

/** So long the caller of a refresh waits for the runner's answer. */
const PATIENCE_MS = 10_000

async function askNow(ctx: ServiceContext, run: Run): Promise<void> {
  const outcome = await checkRun(ctx, run, AbortSignal.timeout(PATIENCE_MS))
  if (outcome.kind !== 'later') return
  const retryAfter = Math.ceil((outcome.retryAfterMs ?? 30_000) / 1_000)
  const { name } = ctx.runners[run.runner]
  throw new SlipwayError('RUNNER_UNAVAILABLE', {
    message: `${name} is unavailable`,
    details: outcome.reason,
    retryAfter,
  })
}

type Work = (tx: SqlTransaction, key: string, project: Project) => Promise<boolean>

/** Finds a deployment, does something about it, and audits that when it changed anything. */
async function onDeployment(
  ctx: ServiceContext,
  id: DeploymentId,
  action: Action,
  data: Record<string, string>,
  work: Work,
): Promise<DeploymentAnswer> {
  const node = fromGlobalId(id)
  const found =
    node?.kind === 'deployment' ? await ctx.database.deployment.findUnique({ where: { id: node.key } }) : null
  if (found === null) throw new SlipwayError('DEPLOYMENT_NOT_FOUND')
  await onSubject(ctx, found, 'DEPLOYMENT_NOT_FOUND', action, data, work)
  return deploymentAnswer(ctx, found.id)
}

async function onCandidate(
  ctx: ServiceContext,
  id: CandidateId,
  action: Action,
  data: Record<string, string>,
  work: Work,
): Promise<BuildAnswer> {
  const node = fromGlobalId(id)
  const found =
    node?.kind === 'candidate' ? await ctx.database.releaseCandidate.findUnique({ where: { id: node.key } }) : null
  if (found === null) throw new SlipwayError('CANDIDATE_NOT_FOUND')
  await onSubject(ctx, found, 'CANDIDATE_NOT_FOUND', action, data, work)
  return buildAnswer(ctx, found.id)
}

async function deploymentAnswer({ database }: ServiceContext, id: string): Promise<DeploymentAnswer> {
  return { deployment: await database.deployment.findUniqueOrThrow({ where: { id } }) }
}

async function buildAnswer({ database }: ServiceContext, id: string): Promise<BuildAnswer> {
  return { candidate: await findCandidateByKey(database, id) }
}

async function onSubject(
  ctx: ServiceContext,
  subject: Pick<Deployment, 'id' | 'projectId'>,
  missing: 'DEPLOYMENT_NOT_FOUND' | 'CANDIDATE_NOT_FOUND',
  action: Action,
  data: Record<string, string>,
  work: Work,
): Promise<void> {
  const project = await findProjectByKey(ctx.database, subject.projectId)
  if (project === null || !isVisible(ctx.actor, project)) throw new SlipwayError(missing)
  authorize(ctx.actor, action)
  await sqlTransaction(ctx.database, async tx => {
    if (!(await work(tx, subject.id, project))) return
    const at = await currentTime(tx)
    await recordAuditEvent(tx, ctx.actor, { action, at, projectId: project.id, subjectId: subject.id, data })
  })
}

function isVisible(actor: Actor, project: Project): boolean {
  return maySeeProject(actor, project.name)
}
