import { isLonger, LONGEST_URL } from '../../core/text.js'
import type { DeploymentStatus } from '../../database/generated/enums.js'

/** What a runner said of a run: in an event, or when it was asked. */
export interface Observation {
  /** Which of the run's attempts it speaks of, from 1. */
  readonly attempt: number
  readonly status: DeploymentStatus
  /** When the run got that status, by the runner's clock. */
  readonly at: Date
  /** What went wrong. */
  readonly message: string | null
  /** Where the run can be watched. */
  readonly url: string | null
}

/** Where a runner says that a run can be watched; a URL that is longer than one may be leads nowhere when it is cut. */
export function linkTo(url: string): string | null {
  return isLonger(url, LONGEST_URL) ? null : url
}

export type StoredObservation = Omit<Observation, 'at'> & { readonly at: string }

export function fromStored({ at, ...rest }: StoredObservation): Observation {
  return { ...rest, at: new Date(at) }
}
