import { DeploymentStatus, TrackingSource } from '../../database/generated/enums.js'
import { isFinished } from '../deployment/deployment.status.js'
import type { Observation } from '../runner/observation.js'

const { PENDING, IN_PROGRESS, CANCELING, SUCCESS, FAILURE, CANCELED, ERROR } = DeploymentStatus
const ENDS = [SUCCESS, FAILURE, CANCELED, ERROR]

/**
 * The statuses that what a runner says of one attempt can lead to, from each one. There is no way back: an event that
 * comes late, twice or out of order says something the table has no way to, and changes nothing.
 */
const TRANSITIONS: Readonly<Record<DeploymentStatus, readonly DeploymentStatus[]>> = {
  PENDING: [IN_PROGRESS, CANCELING, ...ENDS],
  UNKNOWN: [PENDING, IN_PROGRESS, CANCELING, ...ENDS],
  IN_PROGRESS: [CANCELING, ...ENDS],
  CANCELING: ENDS,
  SUCCESS: [],
  FAILURE: [],
  CANCELED: [],
  ERROR: [],
}

/** What is known of a run before something is said of it. */
export interface KnownRun {
  readonly attempt: number
  readonly status: DeploymentStatus
  readonly source: TrackingSource
  /** The runner's time of the status; null when it is not from there. */
  readonly observedAt: Date | null
}

/**
 * - `take`: the run gets what was observed;
 * - `rerun`: the run has ended, and was run again: that is a new one;
 * - `ask`: it was run again, so it has ended, but how it ended has yet to be asked;
 * - `ignore`: nothing new, or no longer of interest.
 */
export type ObservationVerdict = 'take' | 'rerun' | 'ask' | 'ignore'

/** Decides what something that a runner said does to what is known of the run. */
export function judgeObservation(known: KnownRun, observed: Observation): ObservationVerdict {
  if (observed.attempt < known.attempt) return 'ignore'
  if (observed.attempt > known.attempt) return isFinished(known.status) ? 'rerun' : 'ask'
  if (isFinished(known.status)) return correctsEnd(known, observed) ? 'take' : 'ignore'
  return TRANSITIONS[known.status].includes(observed.status) ? 'take' : 'ignore'
}

/**
 * An end that Slipway had to conclude by itself gives way to the real one. One that the runner told gives way to a later
 * one: jobs of a Buildkite build can be retried after its end. What a pipeline or a person said stays.
 */
function correctsEnd(known: KnownRun, observed: Observation): boolean {
  if (!isFinished(observed.status)) return false
  if (known.source === TrackingSource.CONCLUSION) return true
  const isFromRunner = known.source === TrackingSource.EVENT || known.source === TrackingSource.CHECK
  return isFromRunner && observed.status !== known.status && known.observedAt !== null && observed.at > known.observedAt
}
