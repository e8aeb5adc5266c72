import { parseCandidateVersion } from '../../core/candidate-version.js'
import { SlipwayError } from '../../core/errors.js'
import type { Project } from '../../database/generated/client.js'
import { type CandidateStatus, DeploymentStatus, TrackingSource } from '../../database/generated/enums.js'
import { inTurn, sqlTransaction } from '../../database/transaction.js'
import { authorize } from '../access/access.rules.js'
import { recordAuditEvent } from '../audit/audit.service.js'
import type { ServiceContext } from '../context/service-context.js'
import { isFinished } from '../deployment/deployment.status.js'
import { checkExternalUrl, checkNotAhead } from '../deployment/report-input.rules.js'
import { requireProject } from '../project/project.service.js'
import { type Candidate, findCandidateByKey, requireCandidate } from '../release/release.service.js'
import { openRun, saveRun } from './open-run.js'
import { giveStatus } from './run.rules.js'
import { findRunOfBuild } from './run.store.js'

interface BuildReport {
  /** The project's name. */
  readonly project: string
  readonly candidateVersion: string
  readonly status: CandidateStatus
  readonly errorMessage?: string | null | undefined
  readonly externalUrl?: string | null | undefined
  /** When it happened; without it, when it was received. */
  readonly occurredAt?: Date | null | undefined
}

/** A candidate's status in the words of a run. */
const RUN_STATUS: Readonly<Record<CandidateStatus, DeploymentStatus>> = {
  PENDING: DeploymentStatus.PENDING,
  BUILDING: DeploymentStatus.IN_PROGRESS,
  READY: DeploymentStatus.SUCCESS,
  FAILED: DeploymentStatus.FAILURE,
  CANCELED: DeploymentStatus.CANCELED,
}

/**
 * Takes a pipeline's report of how the build of a candidate goes. One that is older than the last one, or says what is
 * known, changes nothing; a candidate that is ready stays ready.
 */
export async function updateBuildStatus(
  ctx: ServiceContext,
  input: BuildReport,
): Promise<{ project: Project; candidate: Candidate }> {
  const version = parseCandidateVersion(input.candidateVersion)
  const occurredAt = input.occurredAt ?? null
  checkNotAhead(occurredAt)
  checkExternalUrl(input.externalUrl ?? null)
  return sqlTransaction(inTurn(ctx.database, `candidate ${input.project}/${input.candidateVersion}`), async tx => {
    const project = await requireProject(tx, ctx.actor, input.project)
    authorize(ctx.actor, 'build.report')
    const candidate = await requireCandidate(tx, project, version)
    const known = await findRunOfBuild(tx, candidate.id)
    if (known === null) {
      if (input.status === candidate.status) return { project, candidate }
      throw new SlipwayError('NOT_TRACKED', { details: 'The candidate was cut without a build.' })
    }
    const open = await openRun(tx, known)
    const { run, now } = open
    const status = RUN_STATUS[input.status]
    const at = occurredAt ?? now
    const isLate = run.source === TrackingSource.REPORT && run.observedAt !== null && at < run.observedAt
    if (status === run.status || isLate) return { project, candidate }
    if (run.status === DeploymentStatus.SUCCESS || (isFinished(run.status) && !isFinished(status))) {
      throw new SlipwayError('ALREADY_FINISHED', { details: `Its build status is ${candidate.status}.` })
    }
    const report = { status, source: TrackingSource.REPORT, at, errorMessage: input.errorMessage ?? null }
    const externalUrl = input.externalUrl ?? run.externalUrl
    await saveRun(tx, open, { ...giveStatus(run, report), externalUrl }, ctx.actor.subject)
    await recordAuditEvent(tx, ctx.actor, {
      action: 'build.report',
      at: now,
      projectId: project.id,
      subjectId: candidate.id,
      data: { candidateVersion: input.candidateVersion, status: input.status, occurredAt: at.toISOString() },
    })
    return { project, candidate: await findCandidateByKey(tx, candidate.id) }
  })
}
