import { v7 as uuid } from 'uuid'
import { type Deployment, Prisma } from '../../database/generated/client.js'
import { DeploymentKind, DeploymentStatus, TrackingSource } from '../../database/generated/enums.js'
import type { SqlTransaction } from '../../database/transaction.js'
import type { LockedEnvironment } from '../environment/environment.lock.js'
import type { Candidate } from '../release/release.service.js'
import { enterStatus, isWaiting } from './deployment.status.js'
import { followUp } from './follow-up.js'

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
export const DEPLOYMENT_COLUMNS = Prisma.sql`
  id, project_id AS "projectId", environment_id AS "environmentId", number, candidate_id AS "candidateId",
  previous_candidate_id AS "previousCandidateId", status, actor, error_message AS "errorMessage",
  external_url AS "externalUrl", created_at AS "createdAt", started_at AS "startedAt", finished_at AS "finishedAt",
  reported_at AS "reportedAt", source, kind, undoes_id AS "undoesId", is_automatic AS "isAutomatic",
  is_forced AS "isForced", reason, admitted_at AS "admittedAt", expires_at AS "expiresAt", request_key AS "requestKey"`

/**
 * The deployment of a candidate on an environment that a report speaks of: the newest one (contract, section 2). If its
 * gates did not let that one through, nothing was started for it, and another one that is active is meant.
 */
export async function reportedDeployment(
  tx: SqlTransaction,
  environment: LockedEnvironment,
  candidate: Candidate,
): Promise<Deployment | null> {
  const newest = async (condition: Prisma.Sql) => {
    const [row] = await tx.$queryRaw<Deployment[]>(Prisma.sql`
      SELECT ${DEPLOYMENT_COLUMNS} FROM deployments
      WHERE candidate_id = ${candidate.id}::uuid AND environment_id = ${environment.id}::uuid AND ${condition}
      ORDER BY number DESC LIMIT 1`)
    return row ?? null
  }
  const deployment = await newest(Prisma.sql`true`)
  if (deployment === null || deployment.admittedAt !== null) return deployment
  return (await newest(Prisma.sql`finished_at IS NULL AND admitted_at IS NOT NULL`)) ?? deployment
}

/** What is known of a deployment that is asked for, beside what goes where. */
export type DeploymentRequest = Pick<
  Deployment,
  'kind' | 'undoesId' | 'isAutomatic' | 'isForced' | 'reason' | 'admittedAt' | 'expiresAt' | 'requestKey'
>

/** Stores a deployment that was asked for and has not begun; without `admittedAt` it waits for its gates. */
export async function insertRequested(
  tx: SqlTransaction,
  environment: LockedEnvironment,
  candidate: Candidate,
  request: DeploymentRequest,
  { actor, now }: Omit<Recording, 'source'>,
): Promise<Deployment> {
  const entry = { status: DeploymentStatus.PENDING, at: now, errorMessage: null, externalUrl: null }
  const recording = { actor, source: TrackingSource.REQUEST, now }
  return insert(tx, environment, candidate, request, entry, recording, null)
}

/** Stores a deployment that is known from a report. It was created when what is reported happened. */
export async function insertReported(
  tx: SqlTransaction,
  environment: LockedEnvironment,
  candidate: Candidate,
  report: StatusEntry,
  recording: Recording,
  { kind, undoesId }: Pick<Deployment, 'kind' | 'undoesId'> = { kind: DeploymentKind.DEPLOYMENT, undoesId: null },
): Promise<Deployment> {
  const request = {
    kind,
    undoesId,
    isAutomatic: false,
    isForced: false,
    reason: null,
    admittedAt: report.at,
    expiresAt: null,
    requestKey: null,
  }
  const deployment = await insert(tx, environment, candidate, request, report, recording, report.at)
  await followUp(tx, environment, deployment)
  return deployment
}

async function insert(
  tx: SqlTransaction,
  environment: LockedEnvironment,
  candidate: Candidate,
  request: DeploymentRequest,
  entry: StatusEntry,
  recording: Recording,
  reportedAt: Date | null,
): Promise<Deployment> {
  const number = environment.lastDeploymentNumber + 1
  const waits = request.admittedAt === null
  const { status, startedAt, finishedAt } = enterStatus(null, entry.status, entry.at)
  // In one statement, since pipelines call this all the time.
  const [deployment] = await tx.$queryRaw<[Deployment]>(Prisma.sql`
    WITH inserted AS (
      INSERT INTO deployments (
        id, project_id, environment_id, number, candidate_id, previous_candidate_id, status, actor,
        error_message, external_url, created_at, started_at, finished_at, reported_at, source,
        kind, undoes_id, is_automatic, is_forced, reason, admitted_at, expires_at, request_key
      ) VALUES (
        ${uuid()}::uuid, ${environment.projectId}::uuid, ${environment.id}::uuid, ${number}, ${candidate.id}::uuid,
        ${currentCandidateOf(environment)},
        ${status}::deployment_status, ${recording.actor},
        ${entry.errorMessage}, ${entry.externalUrl}, ${entry.at}, ${startedAt}, ${finishedAt}, ${reportedAt},
        ${recording.source}::tracking_source,
        ${request.kind}::deployment_kind, ${request.undoesId}::uuid, ${request.isAutomatic}, ${request.isForced},
        ${request.reason}, ${request.admittedAt}, ${request.expiresAt}, ${request.requestKey}::uuid
      ) RETURNING ${DEPLOYMENT_COLUMNS}
    ), counted AS (
      UPDATE environments
      SET last_deployment_number = ${number}, waiting_deployments = waiting_deployments + ${waits ? 1 : 0}
      WHERE id = ${environment.id}::uuid
    ), told AS (${historyEntry(Prisma.sql`(SELECT id FROM inserted)`, entry, recording)})
    SELECT * FROM inserted`)
  return deployment
}

/** A deployment that waited is let through: it is carried out from now on. `note` says why, in its history. */
export async function admit(
  tx: SqlTransaction,
  environment: LockedEnvironment,
  waiting: Deployment,
  note: string,
  recording: Omit<Recording, 'source'>,
): Promise<Deployment> {
  const [admitted] = await tx.$queryRaw<[Deployment]>(Prisma.sql`
    UPDATE deployments SET admitted_at = ${recording.now} WHERE id = ${waiting.id}::uuid RETURNING ${DEPLOYMENT_COLUMNS}`)
  await countWaiting(tx, environment, -1)
  const entry = {
    status: waiting.status,
    at: recording.now,
    errorMessage: null,
    externalUrl: null,
    note,
  }
  await appendHistory(tx, admitted, entry, { ...recording, source: waiting.source })
  return admitted
}

async function countWaiting(tx: SqlTransaction, environment: LockedEnvironment, change: number): Promise<void> {
  await tx.$queryRaw(Prisma.sql`
    UPDATE environments SET waiting_deployments = waiting_deployments + ${change} WHERE id = ${environment.id}::uuid`)
}

/** Gives a deployment the reported status. An address that is known stays until another one is reported. */
export async function changeStatus(
  tx: SqlTransaction,
  environment: LockedEnvironment,
  deployment: Deployment,
  report: StatusEntry,
  recording: Recording,
): Promise<Deployment> {
  const { status, startedAt, finishedAt } = enterStatus(deployment, report.status, report.at)
  // What is told to have run did so, whether its gates were open or not.
  const hasRun = status !== DeploymentStatus.PENDING && status !== DeploymentStatus.CANCELED
  const admittedAt = deployment.admittedAt ?? (hasRun ? report.at : null)
  // Nobody reported what Slipway had to conclude: a report that was on its way by then must not count as late.
  const reportedAt = recording.source === TrackingSource.CONCLUSION ? deployment.reportedAt : report.at
  const [changed] = await tx.$queryRaw<[Deployment]>(Prisma.sql`
    UPDATE deployments SET
      status = ${status}::deployment_status, error_message = ${report.errorMessage},
      external_url = coalesce(${report.externalUrl}, external_url), started_at = ${startedAt},
      finished_at = ${finishedAt}, reported_at = ${reportedAt}, source = ${recording.source}::tracking_source,
      admitted_at = ${admittedAt}
    WHERE id = ${deployment.id}::uuid
    RETURNING ${DEPLOYMENT_COLUMNS}`)
  await appendHistory(tx, changed, report, recording)
  if (isWaiting(deployment) && !isWaiting(changed)) await countWaiting(tx, environment, -1)
  await followUp(tx, environment, changed)
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

/** The deployments of an environment that are active, oldest first. */
export async function activeDeployments(tx: SqlTransaction, environment: LockedEnvironment): Promise<Deployment[]> {
  return tx.$queryRaw<Deployment[]>(Prisma.sql`
    SELECT ${DEPLOYMENT_COLUMNS} FROM deployments
    WHERE environment_id = ${environment.id}::uuid AND finished_at IS NULL ORDER BY number`)
}

/** The deployments of an environment that wait for their gates, oldest first. */
export async function waitingDeployments(tx: SqlTransaction, environment: LockedEnvironment): Promise<Deployment[]> {
  return tx.$queryRaw<Deployment[]>(Prisma.sql`
    SELECT ${DEPLOYMENT_COLUMNS} FROM deployments
    WHERE environment_id = ${environment.id}::uuid AND finished_at IS NULL AND admitted_at IS NULL ORDER BY number`)
}

/** What has waited on an environment until it expired, oldest first. */
export async function expiredDeployments(
  tx: SqlTransaction,
  environment: LockedEnvironment,
  now: Date,
  limit: number,
): Promise<Deployment[]> {
  return tx.$queryRaw<Deployment[]>(Prisma.sql`
    SELECT ${DEPLOYMENT_COLUMNS} FROM deployments
    WHERE environment_id = ${environment.id}::uuid AND finished_at IS NULL AND admitted_at IS NULL AND expires_at <= ${now}
    ORDER BY expires_at LIMIT ${limit}`)
}

/** When the first of what waits on an environment expires; null: none of it does. */
export async function firstExpiry(tx: SqlTransaction, environment: LockedEnvironment): Promise<Date | null> {
  const [row] = await tx.$queryRaw<[{ expiresAt: Date | null }]>(Prisma.sql`
    SELECT min(expires_at) AS "expiresAt" FROM deployments
    WHERE environment_id = ${environment.id}::uuid AND finished_at IS NULL AND admitted_at IS NULL`)
  return row.expiresAt
}

/** The deployment that a request has created before; null when it has not. */
export async function deploymentOfRequest(tx: SqlTransaction, requestKey: string): Promise<Deployment | null> {
  const [deployment] = await tx.$queryRaw<Deployment[]>(Prisma.sql`
    SELECT ${DEPLOYMENT_COLUMNS} FROM deployments WHERE request_key = ${requestKey}::uuid`)
  return deployment ?? null
}

/** A deployment by its key, as it is under the lock of its environment. */
export async function readDeployment(tx: SqlTransaction, _lock: LockedEnvironment, id: string): Promise<Deployment> {
  const [deployment] = await tx.$queryRaw<[Deployment]>(Prisma.sql`
    SELECT ${DEPLOYMENT_COLUMNS} FROM deployments WHERE id = ${id}::uuid`)
  return deployment
}

/** Adds an entry to the deployment's history and changes nothing else. */
export async function appendHistory(
  tx: SqlTransaction,
  deployment: Deployment,
  entry: StatusEntry,
  recording: Recording,
): Promise<void> {
  await tx.$queryRaw(historyEntry(Prisma.sql`${deployment.id}::uuid`, entry, recording))
}

function historyEntry(deploymentId: Prisma.Sql, entry: StatusEntry, { actor, now }: Recording): Prisma.Sql {
  return Prisma.sql`
    INSERT INTO deployment_status_changes (id, deployment_id, status, actor, at, recorded_at, message)
    VALUES (${uuid()}::uuid, ${deploymentId}, ${entry.status}::deployment_status, ${actor}, ${entry.at},
            ${now}, ${entry.note ?? entry.errorMessage})`
}

/** The key of what an environment runs: the candidate of its most recent successful deployment, by end time. */
function currentCandidateOf({ id }: LockedEnvironment): Prisma.Sql {
  return Prisma.sql`(
    SELECT candidate_id FROM deployments WHERE environment_id = ${id}::uuid AND status = 'SUCCESS'
    ORDER BY finished_at DESC, number DESC LIMIT 1)`
}
