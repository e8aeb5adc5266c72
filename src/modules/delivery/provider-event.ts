import type { WorkflowRunner } from '../../database/generated/enums.js'
import type { Observation, StoredObservation } from '../runner/observation.js'

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
