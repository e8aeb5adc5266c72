import { v7 as uuid } from 'uuid'
import { type Deployment, Prisma } from '../../database/generated/client.js'
import { DeploymentStatus, TrackingSource } from '../../database/generated/enums.js'
import type { SqlTransaction } from '../../database/transaction.js'
import type { LockedEnvironment } from '../environment/environment.lock.js'
import type { Candidate } from '../release/release.service.js'
import { enterStatus } from './deployment.status.js'

/** A status that a deployment is to get, and what is known about it. */
export interface StatusEntry {
  readonly status: DeploymentStatus
  /** When it happened. */
  readonly at: Date
  readonly errorMessage: string | null
  readonly externalUrl: string | null
  /** What is to be said of it in the history, if not the error message. */
  readonly note?: string
}

/** Who recorded an entry, how it is known, and when it was recorded. */
export interface Recording {
  /** The subject of a token, or the runner that told it. */
  readonly actor: string
  readonly source: TrackingSource
  readonly now: Date
}

/** All columns of a deployment, named as its fields are. */
const COLUMNS = Prisma.sql`
  id, project_id AS "projectId", environment_id AS "environmentId", number, candidate_id AS "candidateId",
  previous_candidate_id AS "previousCandidateId", status, actor, error_message AS "errorMessage",
  external_url AS "externalUrl", created_at AS "createdAt", started_at AS "startedAt", finished_at AS "finishedAt",
  reported_at AS "reportedAt", source`

/** The newest deployment of a candidate on an environment. */
export async function newestDeployment(
  tx: SqlTransaction,
  environment: LockedEnvironment,
  candidate: Candidate,
): Promise<Deployment | null> {
  const [newest] = await tx.$queryRaw<Deployment[]>(Prisma.sql`
    SELECT ${COLUMNS} FROM deployments
    WHERE candidate_id = ${candidate.id}::uuid AND environment_id = ${environment.id}::uuid
    ORDER BY number DESC LIMIT 1`)
  return newest ?? null
}

/** Stores a deployment that was asked for and has not begun. */
export function insertRequested(
  tx: SqlTransaction,
  environment: LockedEnvironment,
  candidate: Candidate,
  { actor, now }: Omit<Recording, 'source'>,
): Promise<Deployment> {
  const entry = { status: DeploymentStatus.PENDING, at: now, errorMessage: null, externalUrl: null }
  return insert(tx, environment, candidate, entry, { actor, source: TrackingSource.REQUEST, now }, null)
}

/** Stores a deployment that is known from a report. It was created when what is reported happened. */
export function insertReported(
  tx: SqlTransaction,
  environment: LockedEnvironment,
  candidate: Candidate,
  report: StatusEntry,
  recording: Recording,
): Promise<Deployment> {
  return insert(tx, environment, candidate, report, recording, report.at)
}

async function insert(
  tx: SqlTransaction,
  environment: LockedEnvironment,
  candidate: Candidate,
  entry: StatusEntry,
  recording: Recording,
  reportedAt: Date | null,
): Promise<Deployment> {
  const number = environment.lastDeploymentNumber + 1
  const previous = await currentCandidateId(tx, environment)
  const { status, startedAt, finishedAt } = enterStatus(null, entry.status, entry.at)
  const [deployment] = await tx.$queryRaw<[Deployment]>(Prisma.sql`
    INSERT INTO deployments (
      id, project_id, environment_id, number, candidate_id, previous_candidate_id, status, actor,
      error_message, external_url, created_at, started_at, finished_at, reported_at, source
    ) VALUES (
      ${uuid()}::uuid, ${environment.projectId}::uuid, ${environment.id}::uuid, ${number}, ${candidate.id}::uuid,
      ${previous}::uuid, ${status}::deployment_status, ${recording.actor},
      ${entry.errorMessage}, ${entry.externalUrl}, ${entry.at}, ${startedAt}, ${finishedAt}, ${reportedAt},
      ${recording.source}::tracking_source
    ) RETURNING ${COLUMNS}`)
  await tx.$queryRaw(
    Prisma.sql`UPDATE environments SET last_deployment_number = ${number} WHERE id = ${environment.id}::uuid`,
  )
  await appendHistory(tx, deployment, entry, recording)
  return deployment
}

/** Gives a deployment the reported status. An address that is known stays until another one is reported. */
export async function changeStatus(
  tx: SqlTransaction,
  _lock: LockedEnvironment,
  deployment: Deployment,
  report: StatusEntry,
  recording: Recording,
): Promise<Deployment> {
  const { status, startedAt, finishedAt } = enterStatus(deployment, report.status, report.at)
  // Nobody reported what Slipway had to conclude: a report that was on its way by then must not count as late.
  const reportedAt = recording.source === TrackingSource.CONCLUSION ? deployment.reportedAt : report.at
  const [changed] = await tx.$queryRaw<[Deployment]>(Prisma.sql`
    UPDATE deployments SET
      status = ${status}::deployment_status, error_message = ${report.errorMessage},
      external_url = coalesce(${report.externalUrl}, external_url), started_at = ${startedAt},
      finished_at = ${finishedAt}, reported_at = ${reportedAt}, source = ${recording.source}::tracking_source
    WHERE id = ${deployment.id}::uuid
    RETURNING ${COLUMNS}`)
  await appendHistory(tx, changed, report, recording)
  return changed
}

/** Tells where a deployment's run can be watched. */
export async function setExternalUrl(
  tx: SqlTransaction,
  _lock: LockedEnvironment,
  deployment: Deployment,
  url: string,
): Promise<void> {
  await tx.$queryRaw(Prisma.sql`UPDATE deployments SET external_url = ${url} WHERE id = ${deployment.id}::uuid`)
}

/** A deployment by its key, as it is under the lock of its environment. */
export async function readDeployment(tx: SqlTransaction, _lock: LockedEnvironment, id: string): Promise<Deployment> {
  const [deployment] = await tx.$queryRaw<[Deployment]>(Prisma.sql`
    SELECT ${COLUMNS} FROM deployments WHERE id = ${id}::uuid`)
  return deployment
}

/** Adds an entry to the deployment's history and changes nothing else. */
export async function appendHistory(
  tx: SqlTransaction,
  deployment: Deployment,
  entry: StatusEntry,
  recording: Recording,
): Promise<void> {
  await tx.$queryRaw(Prisma.sql`
    INSERT INTO deployment_status_changes (id, deployment_id, status, actor, at, recorded_at, message)
    VALUES (${uuid()}::uuid, ${deployment.id}::uuid, ${entry.status}::deployment_status, ${recording.actor},
            ${entry.at}, ${recording.now}, ${entry.note ?? entry.errorMessage})`)
}

/** What the environment runs: the candidate of its most recent successful deployment, by end time. */
async function currentCandidateId(tx: SqlTransaction, environment: LockedEnvironment): Promise<string | null> {
  const [current] = await tx.$queryRaw<{ candidateId: string }[]>(Prisma.sql`
    SELECT candidate_id AS "candidateId" FROM deployments
    WHERE environment_id = ${environment.id}::uuid AND status = 'SUCCESS'
    ORDER BY finished_at DESC, number DESC LIMIT 1`)
  return current?.candidateId ?? null
}
