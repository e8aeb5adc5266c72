import type { WorkflowRunner } from '../../database/generated/enums.js'
import type { PlaceholderValues, RunPurpose } from '../workflow/placeholder.rules.js'
import type { Workflow } from '../workflow/workflow.js'
import type { Observation } from './observation.js'

/** A run as a runner is told of it. */
export interface RunOrder<W extends Workflow = Workflow> {
  /** Slipway's own key of the run. */
  readonly runId: string
  readonly purpose: RunPurpose
  readonly workflow: W
  readonly placeholders: PlaceholderValues
  /** What is in the run's name where its workflow puts it there: the global ID of the deployment or candidate. */
  readonly token: string
  /** Since when it may have been dispatched. */
  readonly askedAt: Date
  /** The runner's name for it; null until it is known. */
  readonly externalId: string | null
  readonly attempt: number
  /** What the runner gave for the next question to say: only if it has changed. */
  readonly etag: string | null
}

/** It was not done, and may be later. */
interface Later {
  readonly kind: 'later'
  readonly reason: string
  /** For how long the runner asks to be left alone. */
  readonly retryAfterMs: number | null
  /** Whether that holds for everything done with the same credential. */
  readonly isRateLimit: boolean
}

/** It will not be done, however often it is tried. */
interface Refused {
  readonly kind: 'refused'
  readonly reason: string
}

/** What came of having a run started. `unclear`: it may have been, or not. */
export type DispatchOutcome =
  | { readonly kind: 'accepted'; readonly externalId: string | null; readonly url: string | null }
  | { readonly kind: 'unclear'; readonly reason: string }
  | Refused
  | Later

/** What came of looking for a run whose dispatch was unclear. `ambiguous`: several could be it. */
export type FindOutcome =
  | { readonly kind: 'found'; readonly externalId: string; readonly url: string | null }
  | { readonly kind: 'absent' }
  | { readonly kind: 'ambiguous' }
  | Later

/** What came of asking about a run. */
export type CheckOutcome =
  | { readonly kind: 'seen'; readonly observations: readonly Observation[]; readonly etag: string | null }
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'missing' }
  | Later

/** What came of having a run stopped. `ended`: there is nothing to stop. */
export type CancelOutcome = { readonly kind: 'accepted' } | { readonly kind: 'ended' } | Refused | Later

/**
 * A system that runs workflows. It is outside: never called inside a transaction. Its methods never throw for what it
 * answers or fails to answer: what that means for the run is their result.
 */
export interface Runner<W extends Workflow = Workflow> {
  /** How users call it. */
  readonly name: string
  /** Whether it can be asked how a run is; otherwise the run reports back by itself. */
  readonly canBeAsked: boolean
  /** Names the credential that a workflow's calls are made with, by which its provider counts them. */
  credentialOf(workflow: W): string
  dispatch(order: RunOrder<W>, signal: AbortSignal): Promise<DispatchOutcome>
  find(order: RunOrder<W>, others: OtherRuns, signal: AbortSignal): Promise<FindOutcome>
  check(order: RunOrder<W>, signal: AbortSignal): Promise<CheckOutcome>
  cancel(order: RunOrder<W>, signal: AbortSignal): Promise<CancelOutcome>
}

/** What is known of the other runs that were started in the same place. */
interface OtherRuns {
  /** Which of these names are theirs. */
  taken(externalIds: readonly string[]): Promise<ReadonlySet<string>>
  /** Whether one of them has no name yet either. */
  haveUnnamed(): Promise<boolean>
}

/** The runner of each kind. */
export type Runners = Readonly<Record<WorkflowRunner, Runner>>
