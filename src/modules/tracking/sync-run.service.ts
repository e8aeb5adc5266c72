import { SlipwayError } from '../../core/errors.js'
import type { Project } from '../../database/generated/client.js'
import { RepositoryHost, RunPhase } from '../../database/generated/enums.js'
import type { SqlTransaction } from '../../database/transaction.js'
import { refusingDuplicates } from '../../database/violations.js'
import type { ServiceContext } from '../context/service-context.js'
import { isFinished, isWaiting } from '../deployment/deployment.status.js'
import { admit } from '../deployment/deployment.store.js'
import { findCandidateByKey } from '../release/release.service.js'
import type { GitHubActionsWorkflow } from '../workflow/workflow.js'
import { actOnBuild, actOnDeployment, type BuildAnswer, type DeploymentAnswer, requireRun } from './act.service.js'
import {
  lockCandidate,
  type OpenDeployment,
  type OpenRun,
  openDeployment,
  openRun,
  openRunOf,
  saveRun,
} from './open-run.js'
import { askNow, ended, follow } from './run.rules.js'
import { deploymentPlaceholders, newRun } from './run.start.js'
import { findRunOfBuild, findRunOfDeployment, insertRun } from './run.store.js'

/**
 * A run of GitHub Actions tells which deployment it carries out. From then on it is followed, also when nothing here had
 * started it. Repeating it changes nothing.
 */
export async function syncDeploymentRun(
  ctx: ServiceContext,
  id: string,
  workflowRunId: string,
): Promise<DeploymentAnswer> {
  checkRunId(workflowRunId)
  return refusingDuplicates(takenBy(workflowRunId), () =>
    actOnDeployment(ctx, id, {
      action: 'deployment.sync',
      data: { workflowRunId },
      work: async (tx, deploymentId, project) => {
        const open = await openDeployment(tx, deploymentId)
        const run = await findRunOfDeployment(tx, deploymentId)
        if (run === null) await insertFollowed(tx, open, project, workflowRunId, ctx.actor.subject)
        return run === null || nameRun(ctx, tx, openRunOf(open, run), workflowRunId)
      },
    }),
  )
}

/** The same for the run that builds a candidate. */
export async function syncBuildRun(ctx: ServiceContext, id: string, workflowRunId: string): Promise<BuildAnswer> {
  checkRunId(workflowRunId)
  return refusingDuplicates(takenBy(workflowRunId), () =>
    actOnBuild(ctx, id, {
      action: 'build.sync',
      data: { workflowRunId },
      work: async (tx, candidateId) => {
        await lockCandidate(tx, candidateId)
        const run = requireRun(await findRunOfBuild(tx, candidateId))
        return nameRun(ctx, tx, await openRun(tx, run), workflowRunId)
      },
    }),
  )
}

/** A run that was started elsewhere is followed as if it had been started from here. */
async function insertFollowed(
  tx: SqlTransaction,
  { environment, deployment, now }: OpenDeployment,
  project: Project,
  workflowRunId: string,
  actor: string,
): Promise<void> {
  const workflow = workflowOfCallback(project)
  const candidate = await findCandidateByKey(tx, deployment.candidateId)
  const isOver = isFinished(deployment.status)
  // A run is a fact, whether its gates were open or not.
  if (isWaiting(deployment))
    await admit(tx, environment, deployment, 'A run that was started elsewhere has begun', { actor, now })
  await insertRun(tx, {
    ...newRun(workflow, now),
    deploymentId: deployment.id,
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
}

/** Tells a run's name, and has its runner asked about it at once. Answers whether that was new. */
async function nameRun(
  ctx: ServiceContext,
  tx: SqlTransaction,
  open: OpenRun,
  workflowRunId: string,
): Promise<boolean> {
  const { run, now } = open
  if (run.externalId === workflowRunId) return false
  if (run.runner !== 'GITHUB_ACTIONS' || run.externalId !== null) {
    const its = run.externalId === null ? `of the kind ${run.runner}` : run.externalId
    throw new SlipwayError('RUN_MISMATCH', { details: `Its run is ${its}, not ${workflowRunId} of GitHub Actions.` })
  }
  const named = follow(run, workflowRunId, null, ctx.pace, now)
  await saveRun(tx, open, isFinished(run.status) ? ended(named) : askNow(named, now), ctx.actor.subject)
  return true
}

/** What is known of a workflow that was not started from here: it runs in the project's own repository. */
function workflowOfCallback({ repository, repositoryHost }: Project): GitHubActionsWorkflow {
  if (repositoryHost !== RepositoryHost.GITHUB) {
    const details = 'The environment has no workflow, and the project is not on GitHub.'
    throw new SlipwayError('NOT_TRACKED', { details })
  }
  return { runner: 'GITHUB_ACTIONS', workflow: '', ref: null, repository, parameters: [], timeoutMinutes: 60 }
}

function takenBy(workflowRunId: string): SlipwayError {
  return new SlipwayError('RUN_MISMATCH', { details: `${workflowRunId} carries out another deployment or build.` })
}

function checkRunId(id: string): void {
  if (!/^[1-9]\d{0,19}$/.test(id)) {
    const details = 'Expected GitHub’s number of it.'
    throw new SlipwayError('INVALID_INPUT', { message: 'Invalid workflow_run_id', details })
  }
}
