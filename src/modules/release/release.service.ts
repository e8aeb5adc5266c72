import { type CandidateVersion, formatCandidateVersion, parseCandidateVersion } from '../../core/candidate-version.js'
import { SlipwayError } from '../../core/errors.js'
import type { Database } from '../../database/client.js'
import { Prisma, type Project, type Release, type ReleaseCandidate } from '../../database/generated/client.js'
import { CandidateStatus } from '../../database/generated/enums.js'
import { inTurn, type SqlReader, type Transaction, transaction } from '../../database/transaction.js'
import { authorize } from '../access/access.rules.js'
import { recordAuditEvent } from '../audit/audit.service.js'
import type { ServiceContext } from '../context/service-context.js'
import { followUpReady } from '../deployment/follow-up.js'
import { requireProject } from '../project/project.service.js'
import { parseCommit } from '../repository/commit.rules.js'
import { isRepositoryName, sameRepository } from '../repository/repository-name.rules.js'
import { startBuildRun } from '../tracking/run.start.js'
import type { Workflow } from '../workflow/workflow.js'

/** A candidate with its release, without which its version cannot be told. */
export type Candidate = ReleaseCandidate & { readonly release: Release }

/** The version of a candidate, such as `v1.4.0-rc1`. */
export function versionOf({ release, number }: Candidate): string {
  return formatCandidateVersion({ release: release.version, number })
}

interface NewCandidate {
  /** The project's name. */
  readonly project: string
  readonly candidateVersion: string
  /** `org/repo_name`, to be the project's: a pipeline in the wrong repository is found out. */
  readonly repository: string
  /** 7 to 64 hexadecimal digits. */
  readonly commit: string
  readonly triggerBuildWorkflow: boolean
}

interface CutCandidate {
  readonly project: Project
  readonly candidate: Candidate
  /** False when the same candidate had been cut at the same commit before. */
  readonly created: boolean
}

/**
 * Cuts a release: creates the candidate, and its release if it is new (contract, section 2). The candidate is ready at
 * once, unless the project's build workflow is to be triggered: then it is pending until that reports.
 *
 * The repository's host is asked before the transaction begins; nothing is stored when it cannot answer. Cutting the
 * same candidate at the same commit again does not ask it, so that a retry succeeds also while the host is down.
 */
export async function createRelease(ctx: ServiceContext, input: NewCandidate): Promise<CutCandidate> {
  const version = parseCandidateVersion(input.candidateVersion)
  const asked = parseCommit(input.commit)
  const project = await requireProject(ctx.database, ctx.actor, input.project)
  authorize(ctx.actor, 'release.create')
  checkRepository(project, input.repository)
  const existing = await findCandidate(ctx.database, project, version)
  if (existing?.commit.startsWith(asked)) return { project, candidate: existing, created: false }
  const commit = await ctx.repositoryHosts.resolveCommit(project, asked)
  return transaction(inTurn(ctx.database, `project ${project.id}`), async tx => {
    const { now, buildWorkflow } = await lockReleases(tx, project)
    const present = await findCandidate(tx, project, version)
    if (present !== null) return { project, candidate: sameCommit(present, commit), created: false }
    const workflow = input.triggerBuildWorkflow ? buildWorkflow : null
    const status = workflow === null ? CandidateStatus.READY : CandidateStatus.PENDING
    const candidate = await insertCandidate(ctx, tx, project, version, commit, status, now)
    if (workflow === null) await followUpReady(tx, candidate)
    else await startBuildRun(tx, project, candidate, workflow)
    const data = { version: input.candidateVersion, commit, triggersBuild: workflow !== null }
    await recordAuditEvent(tx, ctx.actor, {
      action: 'release.create',
      at: now,
      projectId: project.id,
      subjectId: candidate.id,
      data,
    })
    return { project, candidate, created: true }
  })
}

/** Finds a release of a project by its version. */
function findRelease(reader: Database | Transaction, project: Project, version: string): Promise<Release | null> {
  return reader.release.findUnique({ where: { projectId_version: { projectId: project.id, version } } })
}

/** Finds a candidate of a project by its version. */
function findCandidate(reader: SqlReader, project: Project, version: CandidateVersion): Promise<Candidate | null> {
  return readCandidate(
    reader,
    Prisma.sql`release.project_id = ${project.id}::uuid AND version = ${version.release} AND number = ${version.number}`,
  )
}

/** A candidate that something refers to. */
export async function findCandidateByKey(reader: SqlReader, id: string): Promise<Candidate> {
  const candidate = await readCandidate(reader, Prisma.sql`candidate.id = ${id}::uuid`)
  if (candidate === null) throw new Error(`The candidate ${id} is referred to but not there`)
  return candidate
}

async function readCandidate(reader: SqlReader, isIt: Prisma.Sql): Promise<Candidate | null> {
  const [row] = await reader.$queryRaw<(ReleaseCandidate & { version: string; releaseCreatedAt: Date })[]>(Prisma.sql`
    SELECT candidate.id, candidate.project_id AS "projectId", release_id AS "releaseId", number, commit, status, actor,
           candidate.created_at AS "createdAt", quarantined_at AS "quarantinedAt", quarantined_by AS "quarantinedBy",
           quarantine_reason AS "quarantineReason", release.version, release.created_at AS "releaseCreatedAt"
    FROM releases AS release JOIN release_candidates AS candidate ON candidate.release_id = release.id
    WHERE ${isIt}`)
  if (row === undefined) return null
  const { version, releaseCreatedAt, ...candidate } = row
  const release = { id: row.releaseId, projectId: row.projectId, version, createdAt: releaseCreatedAt }
  return { ...candidate, release }
}

/** @throws SlipwayError `CANDIDATE_NOT_FOUND` */
export async function requireCandidate(
  reader: SqlReader,
  project: Project,
  version: CandidateVersion,
): Promise<Candidate> {
  const candidate = await findCandidate(reader, project, version)
  if (candidate === null) {
    throw new SlipwayError('CANDIDATE_NOT_FOUND', {
      details: `The project has no release candidate ${formatCandidateVersion(version)}.`,
    })
  }
  return candidate
}

function checkRepository(project: Project, repository: string): void {
  if (!isRepositoryName(repository)) {
    throw new SlipwayError('REPOSITORY_NOT_FOUND', { details: 'Expected org/repo_name, such as acme/shop.' })
  }
  if (!sameRepository(repository, project.repository, project.repositoryHost)) {
    throw new SlipwayError('REPOSITORY_MISMATCH', { details: `The project's repository is ${project.repository}.` })
  }
}

/**
 * Locks what a project releases: until the transaction ends no other one cuts a candidate of it. Answers the time at
 * which the lock was got, by the database's clock, and what builds the project's candidates by then.
 */
async function lockReleases(
  tx: Transaction,
  project: Project,
): Promise<{ readonly now: Date; readonly buildWorkflow: Workflow | null }> {
  const [row] = await tx.$queryRaw<[{ now: Date; buildWorkflow: Workflow | null }]>(Prisma.sql`
    WITH project AS MATERIALIZED (
      SELECT build_workflow FROM projects WHERE id = ${project.id}::uuid FOR NO KEY UPDATE
    )
    SELECT clock_timestamp() AS now, build_workflow AS "buildWorkflow" FROM project`)
  return row
}

function sameCommit(candidate: Candidate, commit: string): Candidate {
  if (candidate.commit === commit) return candidate
  throw new SlipwayError('CANDIDATE_EXISTS', { details: `It was cut at ${candidate.commit}.` })
}

async function insertCandidate(
  ctx: ServiceContext,
  tx: Transaction,
  project: Project,
  version: CandidateVersion,
  commit: string,
  status: CandidateStatus,
  now: Date,
): Promise<Candidate> {
  const release =
    (await findRelease(tx, project, version.release)) ??
    (await tx.release.create({ data: { projectId: project.id, version: version.release, createdAt: now } }))
  const candidate = await tx.releaseCandidate.create({
    data: {
      projectId: project.id,
      releaseId: release.id,
      number: version.number,
      commit,
      status,
      actor: ctx.actor.subject,
      createdAt: now,
    },
  })
  return { ...candidate, release }
}
