import { type CandidateVersion, parseCandidateVersion } from '../../core/candidate-version.js'
import { SlipwayError } from '../../core/errors.js'
import type { Deployment } from '../../database/generated/client.js'
import { DeploymentKind, type DeploymentStatus, TrackingSource } from '../../database/generated/enums.js'
import { inTurn, type SqlTransaction, sqlTransaction } from '../../database/transaction.js'
import { type Action, authorize } from '../access/access.rules.js'
import { recordAuditEvent } from '../audit/audit.service.js'
import type { ServiceContext } from '../context/service-context.js'
import { type LockedEnvironment, lockEnvironment, turnOfNamed } from '../environment/environment.lock.js'
import { requireProject } from '../project/project.service.js'
import { requireCandidate } from '../release/release.service.js'
import { type Target, takeDeployment } from './admission.service.js'
import {
  appendHistory,
  changeStatus,
  deploymentOfRequest,
  insertReported,
  type Recording,
  reportedDeployment,
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

interface NewDeployment extends DeploymentRequest {
  /** Whether no freeze is to stop it. */
  readonly force?: boolean | null | undefined
  /** Why it is forced. */
  readonly reason?: string | null | undefined
}

interface DeploymentReport extends DeploymentRequest {
  readonly status: DeploymentStatus
  readonly errorMessage?: string | null | undefined
  readonly externalUrl?: string | null | undefined
  /** When it happened; without it, when it was received. */
  readonly occurredAt?: Date | null | undefined
}

interface DeploymentOutcome {
  readonly deployment: Deployment
  /** Whether this call created it. */
  readonly created: boolean
}

/**
 * Asks for a candidate to be deployed. It starts at once, with a run of the environment's deploy workflow if it has one,
 * or waits until all gates are open. Refused while the candidate is not ready, in a freeze unless forced, and as the
 * other gates say.
 */
export async function createDeployment(ctx: ServiceContext, input: NewDeployment): Promise<Deployment> {
  const version = parseCandidateVersion(input.candidateVersion)
  const isForced = input.force === true
  const reason = input.reason?.trim() || null
  if (isForced && reason === null) {
    throw new SlipwayError('INVALID_INPUT', { message: 'reason is missing', details: 'Say why it is forced.' })
  }
  return sqlTransaction(inTurn(ctx.database, turnOfNamed(input)), async tx => {
    const target = await openTarget(ctx, tx, isForced ? 'deployment.force' : 'deployment.create', input, version)
    const { project, environment, now } = target
    const repeated = ctx.requestKey === null ? null : await deploymentOfRequest(tx, ctx.requestKey)
    if (repeated !== null) return repeated
    const deployment = await takeDeployment(tx, target, {
      kind: DeploymentKind.DEPLOYMENT,
      undoesId: null,
      isAutomatic: false,
      isForced,
      reason,
      requestKey: ctx.requestKey,
      actor: ctx.actor.subject,
    })
    const { candidateVersion } = input
    await recordAuditEvent(tx, ctx.actor, {
      action: 'deployment.create',
      at: now,
      projectId: project.id,
      subjectId: deployment.id,
      data: { environment: environment.name, candidateVersion, ...(isForced && { forced: true, reason }) },
    })
    return deployment
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
  return sqlTransaction(inTurn(ctx.database, turnOfNamed(input)), async tx => {
    const { project, environment, candidate, now } = await openTarget(ctx, tx, 'deployment.report', input, version)
    const newest = await reportedDeployment(tx, environment, candidate)
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
        projectId: project.id,
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
    return { deployment, created: verdict === 'create' }
  })
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
): Promise<Target> {
  const project = await requireProject(tx, ctx.actor, names.project)
  authorize(ctx.actor, action)
  const { environment, now } = await lockEnvironment(tx, project, names.environment)
  const candidate = await requireCandidate(tx, project, version)
  return { project, environment, candidate, now }
}
