import type { Actor } from '../../core/actor.js'
import type { Deployment } from '../../database/generated/client.js'
import { DeploymentStatus } from '../../database/generated/enums.js'
import type { Transaction } from '../../database/transaction.js'
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
}

/** Who recorded an entry, and when. */
export interface Recording {
  readonly actor: Actor
  readonly now: Date
}

/** The newest deployment of a candidate on an environment. */
export function newestDeployment(
  tx: Transaction,
  environment: LockedEnvironment,
  candidate: Candidate,
): Promise<Deployment | null> {
  return tx.deployment.findFirst({
    where: { candidateId: candidate.id, environmentId: environment.id },
    orderBy: { number: 'desc' },
  })
}

/** Stores a deployment that was asked for and has not begun. */
export function insertRequested(
  tx: Transaction,
  environment: LockedEnvironment,
  candidate: Candidate,
  recording: Recording,
): Promise<Deployment> {
  const entry = { status: DeploymentStatus.PENDING, at: recording.now, errorMessage: null, externalUrl: null }
  return insert(tx, environment, candidate, entry, recording, null)
}

/** Stores a deployment that is known from a report. It was created when what is reported happened. */
export function insertReported(
  tx: Transaction,
  environment: LockedEnvironment,
  candidate: Candidate,
  report: StatusEntry,
  recording: Recording,
): Promise<Deployment> {
  return insert(tx, environment, candidate, report, recording, report.at)
}

async function insert(
  tx: Transaction,
  environment: LockedEnvironment,
  candidate: Candidate,
  entry: StatusEntry,
  recording: Recording,
  reportedAt: Date | null,
): Promise<Deployment> {
  const number = environment.lastDeploymentNumber + 1
  const deployment = await tx.deployment.create({
    data: {
      projectId: environment.projectId,
      environmentId: environment.id,
      number,
      candidateId: candidate.id,
      previousCandidateId: await currentCandidateId(tx, environment),
      actor: recording.actor.subject,
      errorMessage: entry.errorMessage,
      externalUrl: entry.externalUrl,
      createdAt: entry.at,
      reportedAt,
      ...enterStatus(null, entry.status, entry.at),
    },
  })
  await tx.environment.update({
    where: { id: environment.id },
    data: { lastDeploymentNumber: number },
    select: { id: true },
  })
  await appendHistory(tx, deployment, entry, recording)
  return deployment
}

/** Gives a deployment the reported status. An address that is known stays until another one is reported. */
export async function changeStatus(
  tx: Transaction,
  _lock: LockedEnvironment,
  deployment: Deployment,
  report: StatusEntry,
  recording: Recording,
): Promise<Deployment> {
  const changed = await tx.deployment.update({
    where: { id: deployment.id },
    data: {
      errorMessage: report.errorMessage,
      externalUrl: report.externalUrl ?? deployment.externalUrl,
      reportedAt: report.at,
      ...enterStatus(deployment, report.status, report.at),
    },
  })
  await appendHistory(tx, changed, report, recording)
  return changed
}

/** Adds an entry to the deployment's history and changes nothing else. */
export async function appendHistory(
  tx: Transaction,
  deployment: Deployment,
  entry: StatusEntry,
  recording: Recording,
): Promise<void> {
  await tx.deploymentStatusChange.create({
    data: {
      deploymentId: deployment.id,
      status: entry.status,
      actor: recording.actor.subject,
      at: entry.at,
      recordedAt: recording.now,
      message: entry.errorMessage,
    },
    select: { id: true },
  })
}

/** What the environment runs: the candidate of its most recent successful deployment, by end time. */
async function currentCandidateId(tx: Transaction, environment: LockedEnvironment): Promise<string | null> {
  const current = await tx.deployment.findFirst({
    where: { environmentId: environment.id, status: DeploymentStatus.SUCCESS },
    orderBy: [{ finishedAt: 'desc' }, { number: 'desc' }],
    select: { candidateId: true },
  })
  return current?.candidateId ?? null
}
