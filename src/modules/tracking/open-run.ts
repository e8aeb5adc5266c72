import { type Deployment, Prisma, type ReleaseCandidate } from '../../database/generated/client.js'
import { CandidateStatus, DeploymentStatus } from '../../database/generated/enums.js'
import type { SqlTransaction } from '../../database/transaction.js'
import { isFinished } from '../deployment/deployment.status.js'
import { changeStatus, readDeployment, setExternalUrl } from '../deployment/deployment.store.js'
import { followUpReady } from '../deployment/follow-up.js'
import { type LockedEnvironment, lockEnvironmentOf, turnOfNamed } from '../environment/environment.lock.js'
import type { Run } from './run.js'
import { findRun, updateRun } from './run.store.js'

/** What a run is for, locked: until the transaction ends nobody else decides anything about it. */
type Subject =
  | { readonly kind: 'deployment'; readonly environment: LockedEnvironment; readonly deployment: Deployment }
  | { readonly kind: 'build'; readonly candidate: ReleaseCandidate }

/** A run that is decided about, as it is under the lock. */
export interface OpenRun {
  /** The status of a deployment's run is the deployment's, whoever told it. */
  readonly run: Run
  readonly subject: Subject
  /** When the lock was got, by the database's clock. */
  readonly now: Date
}

/** A deployment that is decided about, as it is under the lock of its environment. */
export interface OpenDeployment {
  readonly environment: LockedEnvironment
  readonly deployment: Deployment
  /** When the lock was got, by the database's clock. */
  readonly now: Date
}

/** Locks the environment of a deployment, and reads both. */
export async function openDeployment(tx: SqlTransaction, deploymentId: string): Promise<OpenDeployment> {
  const { environment, now } = await lockEnvironmentOf(tx, deploymentId)
  return { environment, deployment: await readDeployment(tx, environment, deploymentId), now }
}

/** The turn (`inTurn`) of a transaction that opens a run. An environment may have got another name since. */
export function turnOfRun({ deploymentId, candidateId, placeholders }: Run): string {
  const { 'project.name': project = '', 'environment.name': environment = '' } = placeholders
  return deploymentId === null ? `candidate ${candidateId}` : turnOfNamed({ project, environment })
}

/** Locks what a run is for, and reads both. */
export async function openRun(tx: SqlTransaction, { id, deploymentId, candidateId }: Run): Promise<OpenRun> {
  if (deploymentId !== null) return openRunOf(await openDeployment(tx, deploymentId), await reread(tx, id))
  const { candidate, now } = await lockCandidate(tx, candidateId ?? '')
  return { run: await reread(tx, id), subject: { kind: 'build', candidate }, now }
}

/** The run of a deployment that is open, read under the same lock. */
export function openRunOf({ environment, deployment, now }: OpenDeployment, run: Run): OpenRun {
  const { status, source, errorMessage, startedAt, finishedAt, reportedAt: observedAt } = deployment
  return {
    run: { ...run, status, source, errorMessage, startedAt, finishedAt, observedAt },
    subject: { kind: 'deployment', environment, deployment },
    now,
  }
}

/** Stores what has become of a run, and of what it is for. `actor` is who told it. */
export async function saveRun(tx: SqlTransaction, open: OpenRun, run: Run, actor: string): Promise<void> {
  await updateRun(tx, run)
  await tellSubject(tx, open, run, actor)
}

/** What a run is for gets what has become of the run. */
export async function tellSubject(
  tx: SqlTransaction,
  { subject, now }: OpenRun,
  run: Run,
  actor: string,
): Promise<void> {
  if (subject.kind === 'build') {
    await buildGets(tx, subject.candidate, run.status)
    return
  }
  const { environment, deployment } = subject
  const isChanged = run.status !== deployment.status || run.errorMessage !== deployment.errorMessage
  const isEndMoved = run.finishedAt?.getTime() !== deployment.finishedAt?.getTime()
  if (isChanged || isEndMoved) {
    const entry = {
      status: run.status,
      at: run.observedAt ?? now,
      errorMessage: run.errorMessage,
      externalUrl: run.externalUrl,
    }
    await changeStatus(tx, environment, deployment, entry, { actor, source: run.source, now })
  } else if (run.externalUrl !== null && run.externalUrl !== deployment.externalUrl) {
    await setExternalUrl(tx, environment, deployment, run.externalUrl)
  }
}

async function reread(tx: SqlTransaction, id: string): Promise<Run> {
  const run = await findRun(tx, id)
  if (run === null) throw new Error(`The run ${id} is gone`)
  return run
}

/** Locks a candidate, so that its build status is decided about by one call at a time. */
export async function lockCandidate(
  tx: SqlTransaction,
  candidateId: string,
): Promise<{ candidate: ReleaseCandidate; now: Date }> {
  const [row] = await tx.$queryRaw<(ReleaseCandidate & { now: Date })[]>(Prisma.sql`
    WITH candidate AS MATERIALIZED (
      SELECT * FROM release_candidates WHERE id = ${candidateId}::uuid FOR NO KEY UPDATE
    )
    SELECT id, project_id AS "projectId", release_id AS "releaseId", number, commit, status, actor,
           created_at AS "createdAt", quarantined_at AS "quarantinedAt", quarantined_by AS "quarantinedBy",
           quarantine_reason AS "quarantineReason", clock_timestamp() AS now
    FROM candidate`)
  if (row === undefined) throw new Error(`The candidate ${candidateId} is gone`)
  const { now, ...candidate } = row
  return { candidate, now }
}

/** A build's status in the words of a candidate. A candidate that was ready once stays so: it may be deployed already. */
async function buildGets(tx: SqlTransaction, candidate: ReleaseCandidate, status: DeploymentStatus): Promise<void> {
  const next = candidateStatusOf(status)
  if (candidate.status === CandidateStatus.READY || candidate.status === next) return
  await tx.$queryRaw(Prisma.sql`
    UPDATE release_candidates SET status = ${next}::candidate_status WHERE id = ${candidate.id}::uuid`)
  if (next === CandidateStatus.READY) await followUpReady(tx, candidate)
}

function candidateStatusOf(status: DeploymentStatus): CandidateStatus {
  if (status === DeploymentStatus.SUCCESS) return CandidateStatus.READY
  if (status === DeploymentStatus.CANCELED) return CandidateStatus.CANCELED
  if (isFinished(status)) return CandidateStatus.FAILED
  return status === DeploymentStatus.PENDING ? CandidateStatus.PENDING : CandidateStatus.BUILDING
}
