import { DeploymentStatus } from '../../database/generated/enums.js'
import { linkTo, type Observation } from './observation.js'

/** What matters of a build as Buildkite describes it, in its REST API and in its events alike. */
export interface BuildkiteBuildState {
  readonly state: string
  /** Waits at a block step: `finished` and `passed` are not the end then. */
  readonly blocked?: boolean | undefined
  readonly web_url: string
  readonly created_at: string
  readonly started_at?: string | null | undefined
  readonly finished_at?: string | null | undefined
}

const STATES: Readonly<Record<string, readonly [DeploymentStatus, string | null]>> = {
  creating: [DeploymentStatus.PENDING, null],
  scheduled: [DeploymentStatus.PENDING, null],
  waiting: [DeploymentStatus.PENDING, null],
  running: [DeploymentStatus.IN_PROGRESS, null],
  started: [DeploymentStatus.IN_PROGRESS, null],
  failing: [DeploymentStatus.IN_PROGRESS, null],
  blocked: [DeploymentStatus.IN_PROGRESS, null],
  canceling: [DeploymentStatus.CANCELING, null],
  passed: [DeploymentStatus.SUCCESS, null],
  failed: [DeploymentStatus.FAILURE, 'The build failed on Buildkite'],
  waiting_failed: [DeploymentStatus.FAILURE, 'The build failed on Buildkite'],
  canceled: [DeploymentStatus.CANCELED, 'The build was canceled on Buildkite'],
  skipped: [DeploymentStatus.ERROR, 'Buildkite skipped the build'],
  not_run: [DeploymentStatus.ERROR, 'Buildkite did not run the build'],
}

/** What a build that waits at a block step may say of the steps before it. */
const BEFORE_BLOCK = new Set(['passed', 'failed'])

/** Reads a build; null when its state says nothing that is known. */
export function observeBuildkiteBuild(build: BuildkiteBuildState): Observation | null {
  const isWaiting = build.blocked === true && BEFORE_BLOCK.has(build.state)
  const state = isWaiting ? 'blocked' : build.state
  const known = Object.hasOwn(STATES, state) ? STATES[state] : undefined
  if (known === undefined) return null
  const [status, message] = known
  const at = new Date(build.finished_at ?? build.started_at ?? build.created_at)
  // A retried job continues the same build: Buildkite counts no attempts.
  return { attempt: 1, status, at, message, url: linkTo(build.web_url) }
}
