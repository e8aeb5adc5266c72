import { toGlobalId } from '../../core/global-id.js'
import type { Deployment, Environment, Project } from '../../database/generated/client.js'
import { DeploymentStatus, RunPhase, TrackingSource } from '../../database/generated/enums.js'
import type { SqlTransaction } from '../../database/transaction.js'
import { type Candidate, versionOf } from '../release/release.service.js'
import type { PlaceholderValues } from '../workflow/placeholder.rules.js'
import { scopeOf, type Workflow } from '../workflow/workflow.js'
import type { Run } from './run.js'
import { insertRun } from './run.store.js'

/** Asks for a run of the environment's deploy workflow, if it has one. Part of the transaction that deploys. */
export async function startDeployRun(
  tx: SqlTransaction,
  project: Project,
  environment: Pick<Environment, 'name' | 'deployWorkflow'>,
  candidate: Candidate,
  deployment: Deployment,
): Promise<Run | null> {
  const workflow = environment.deployWorkflow as Workflow | null
  if (workflow === null) return null
  const placeholders = deploymentPlaceholders(project, environment, candidate, deployment)
  return insertRun(tx, {
    ...newRun(workflow, deployment.admittedAt ?? deployment.createdAt),
    deploymentId: deployment.id,
    candidateId: null,
    placeholders,
  })
}

/** Asks for a run of the project's build workflow. Part of the transaction that cuts the candidate. */
export function startBuildRun(
  tx: SqlTransaction,
  project: Project,
  candidate: Candidate,
  workflow: Workflow,
): Promise<Run> {
  const placeholders = candidatePlaceholders(project, candidate)
  return insertRun(tx, {
    ...newRun(workflow, candidate.createdAt),
    deploymentId: null,
    candidateId: candidate.id,
    placeholders,
  })
}

/** A run that waits for its dispatch. */
export function newRun(
  workflow: Workflow,
  now: Date,
): Omit<Run, 'id' | 'deploymentId' | 'candidateId' | 'placeholders'> {
  return {
    runner: workflow.runner,
    workflow,
    scope: scopeOf(workflow),
    phase: RunPhase.QUEUED,
    status: DeploymentStatus.PENDING,
    source: TrackingSource.REQUEST,
    errorMessage: null,
    externalId: null,
    externalUrl: null,
    attempt: 1,
    tries: 0,
    claimedAt: null,
    cancelRequestedAt: null,
    cancelSentAt: null,
    observedAt: null,
    heardAt: null,
    nextCheckAt: now,
    quietChecks: 0,
    missingChecks: 0,
    etag: null,
    deadline: new Date(now.getTime() + workflow.timeoutMinutes * 60_000),
    createdAt: now,
    startedAt: null,
    finishedAt: null,
  }
}

function candidatePlaceholders(project: Project, candidate: Candidate): PlaceholderValues {
  return {
    'project.name': project.name,
    'release.version': candidate.release.version,
    'candidate.version': versionOf(candidate),
    'candidate.commit': candidate.commit,
    'candidate.id': toGlobalId('candidate', candidate.id),
  }
}

export function deploymentPlaceholders(
  project: Project,
  environment: Pick<Environment, 'name'>,
  candidate: Candidate,
  deployment: Deployment,
): PlaceholderValues {
  return {
    ...candidatePlaceholders(project, candidate),
    'environment.name': environment.name,
    'deployment.id': toGlobalId('deployment', deployment.id),
    'deployment.actor': deployment.actor,
  }
}
