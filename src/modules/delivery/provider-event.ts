import type { WorkflowRunner } from '../../database/generated/enums.js'
import type { Observation, StoredObservation } from '../runner/observation.js'

// An event is refused or read in part where it holds more than these: nothing that Slipway looks for does.
export const LONGEST_SCOPE = 300
export const LONGEST_TOKEN = 100
export const MOST_TOKENS = 10

/** What an event of a provider says of a run. */
export interface ProviderEvent {
  readonly runner: WorkflowRunner
  /** Where the runner keeps the run, lower case; see `scopeOf`. */
  readonly scope: string
  readonly externalId: string
  /** Null: something has happened, but what, the runner has to be asked. */
  readonly observation: Observation | null
  /** Global IDs and keys in it by which the run is found when its external ID is not known yet. */
  readonly tokens: readonly string[]
}

/** The part of an event that is stored as JSON. */
export interface StoredEvent {
  readonly observation: StoredObservation | null
  readonly tokens: readonly string[]
}
