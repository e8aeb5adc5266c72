import { type CandidateVersion, parseCandidateVersion } from '../../core/candidate-version.js'
import { SlipwayError } from '../../core/errors.js'
import type { Deployment, Environment, Project } from '../../database/generated/client.js'
import { CandidateStatus, type DeploymentStatus, TrackingSource } from '../../database/generated/enums.js'
import { type SqlTransaction, sqlTransaction } from '../../database/transaction.js'
import { type Action, authorize } from '../access/access.rules.js'
import { recordAuditEvent } from '../audit/audit.service.js'
import type { ServiceContext } from '../context/service-context.js'
import { type LockedEnvironment, lockEnvironment } from '../environment/environment.lock.js'
import { requireProject } from '../project/project.service.js'
import { type Candidate, requireCandidate } from '../release/release.service.js'
import { startDeployRun } from '../tracking/run.start.js'
import {
  appendHistory,
  changeStatus,
  insertReported,
  insertRequested,
  newestDeployment,
  type Recording,
  type StatusEntry,
} from './deployment.store.js'
import { judgeReport, type ReportVerdict } from './report.rules.js'
import { checkExternalUrl, checkNotAhead } from './report-input.rules.js'

interface DeploymentRequest {
  /** The project's name. */
  readonly project: string
  /** The environment's name. */
  readonly environment: string
  readonly candidateVersion: string
}

interface DeploymentReport extends DeploymentRequest {
  readonly status: DeploymentStatus
  readonly errorMessage?: string | null | undefined
  readonly externalUrl?: string | null | undefined
  /** When it happened; without it, when it was received. */
  readonly occurredAt?: Date | null | undefined
}

/** What a call speaks of, its environment locked. */
interface Target {
  readonly project: Project
  readonly environment: LockedEnvironment
  readonly candidate: Candidate
}

/** A deployment, and what was read on the way to it, as it is afterwards. */
interface DeploymentOutcome {
  readonly project: Project
  readonly environment: Environment
  readonly candidate: Candidate
  readonly deployment: Deployment
  /** Whether this call created it. */
  readonly created: boolean
}

/**
 * Asks for a candidate to be deployed, and for a run of the environment's deploy workflow, if it has one. Refused while
 * the candidate is not ready.
 */
export async function createDeployment(ctx: ServiceContext, input: DeploymentRequest): Promise<DeploymentOutcome> {
  const version = parseCandidateVersion(input.candidateVersion)
  return sqlTransaction(ctx.database, async tx => {
    const { target, now } = await openTarget(ctx, tx, 'deployment.create', input, version)
    const { environment, candidate } = target
    if (candidate.status !== CandidateStatus.READY) {
      throw new SlipwayError('CANDIDATE_NOT_READY', { details: `Its build status is ${candidate.status}.` })
    }
    const deployment = await insertRequested(tx, environment, candidate, { actor: ctx.actor.subject, now })
    await startDeployRun(tx, target.project, environment, candidate, deployment)
    await recordAuditEvent(tx, ctx.actor, {
      action: 'deployment.create',
      at: now,
      projectId: target.project.id,
      subjectId: deployment.id,
      data: { environment: environment.name, candidateVersion: input.candidateVersion },
    })
    return outcome(target, deployment, true)
  })
}

/**
 * Takes a report of what a deployment does (contract, section 2). A report is a fact: it is taken whatever the
 * candidate's build status is, and creates the deployment when there is none it could speak of.
 */
export async function updateDeploymentStatus(ctx: ServiceContext, input: DeploymentReport): Promise<DeploymentOutcome> {
  const version = parseCandidateVersion(input.candidateVersion)
  const occurredAt = input.occurredAt ?? null
  checkNotAhead(occurredAt)
  checkExternalUrl(input.externalUrl ?? null)
  return sqlTransaction(ctx.database, async tx => {
    const { target, now } = await openTarget(ctx, tx, 'deployment.report', input, version)
    const { environment, candidate } = target
    const newest = await newestDeployment(tx, environment, candidate)
    const report = {
      status: input.status,
      at: occurredAt ?? now,
      errorMessage: input.errorMessage ?? null,
      externalUrl: input.externalUrl ?? null,
    }
    const verdict = judgeReport(
      report,
      newest && { ...newest, isNewestOfEnvironment: newest.number === environment.lastDeploymentNumber },
    )
    const recording = { actor: ctx.actor.subject, source: TrackingSource.REPORT, now }
    const deployment =
      newest === null || verdict === 'create'
        ? await insertReported(tx, environment, candidate, report, recording)
        : await applyReport(tx, environment, newest, verdict, report, recording)
    if (verdict !== 'ignore') {
      await recordAuditEvent(tx, ctx.actor, {
        action: 'deployment.report',
        at: now,
        projectId: target.project.id,
        subjectId: deployment.id,
        data: {
          environment: environment.name,
          candidateVersion: input.candidateVersion,
          status: report.status,
          occurredAt: report.at.toISOString(),
          verdict,
        },
      })
    }
    return outcome(target, deployment, verdict === 'create')
  })
}

function outcome(target: Target, deployment: Deployment, created: boolean): DeploymentOutcome {
  const lastDeploymentNumber = created ? deployment.number : target.environment.lastDeploymentNumber
  return { ...target, environment: { ...target.environment, lastDeploymentNumber }, deployment, created }
}

async function applyReport(
  tx: SqlTransaction,
  environment: LockedEnvironment,
  deployment: Deployment,
  verdict: Exclude<ReportVerdict, 'create'>,
  report: StatusEntry,
  recording: Recording,
): Promise<Deployment> {
  if (verdict === 'update') return changeStatus(tx, environment, deployment, report, recording)
  if (verdict === 'keep') await appendHistory(tx, deployment, report, recording)
  return deployment
}

/** Finds what a call names and locks its environment, refusing in the order of the contract. */
async function openTarget(
  ctx: ServiceContext,
  tx: SqlTransaction,
  action: Action,
  names: DeploymentRequest,
  version: CandidateVersion,
): Promise<{ target: Target; now: Date }> {
  const project = await requireProject(tx, ctx.actor, names.project)
  authorize(ctx.actor, action)
  const { environment, now } = await lockEnvironment(tx, project, names.environment)
  const candidate = await requireCandidate(tx, project, version)
  return { target: { project, environment, candidate }, now }
}
