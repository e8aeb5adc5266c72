import { DeploymentStatus } from '../../database/generated/enums.js'
import { linkTo, type Observation } from './observation.js'

/** What matters of a run as GitHub describes it, in its REST API and in its events alike. */
export interface GitHubRunState {
  readonly status: string | null
  readonly conclusion: string | null
  readonly run_attempt?: number | undefined
  readonly updated_at: string
  readonly html_url: string
}

/** An end that is not told by `completed` alone: what GitHub calls a run's conclusion. */
const CONCLUSIONS: Readonly<Record<string, readonly [DeploymentStatus, string | null]>> = {
  success: [DeploymentStatus.SUCCESS, null],
  neutral: [DeploymentStatus.SUCCESS, null],
  failure: [DeploymentStatus.FAILURE, 'The run failed on GitHub'],
  timed_out: [DeploymentStatus.FAILURE, 'The run took too long for GitHub'],
  cancelled: [DeploymentStatus.CANCELED, 'The run was cancelled on GitHub'],
  startup_failure: [DeploymentStatus.ERROR, 'GitHub could not start the run: its workflow file may be wrong'],
  skipped: [DeploymentStatus.ERROR, 'GitHub skipped the run: the conditions of its jobs did not hold'],
  stale: [DeploymentStatus.ERROR, 'GitHub gave the run up as stale'],
}

/** Reads a run. Null when it does not say how the run is: events have come that were completed without a conclusion. */
export function observeGitHubRun(run: GitHubRunState): Observation | null {
  const state = statusOf(run)
  if (state === null) return null
  const [status, message] = state
  return { attempt: run.run_attempt ?? 1, status, at: new Date(run.updated_at), message, url: linkTo(run.html_url) }
}

function statusOf({ status, conclusion }: GitHubRunState): readonly [DeploymentStatus, string | null] | null {
  if (status === 'completed') {
    // It waits for somebody's leave to run at all.
    if (conclusion === 'action_required') return [DeploymentStatus.PENDING, null]
    return conclusion !== null && Object.hasOwn(CONCLUSIONS, conclusion) ? (CONCLUSIONS[conclusion] ?? null) : null
  }
  return [status === 'in_progress' ? DeploymentStatus.IN_PROGRESS : DeploymentStatus.PENDING, null]
}
