import type { ErrorReason } from '../../core/errors.js'
import type { CandidateStatus, DeploymentKind } from '../../database/generated/enums.js'
import type { FreezeTimes } from '../freeze/freeze.rules.js'
import type { Gates } from './gates.js'

/** What a deployment has to pass. */
export const GateKind = {
  BUILD: 'BUILD',
  QUARANTINE: 'QUARANTINE',
  PROMOTION: 'PROMOTION',
  APPROVAL: 'APPROVAL',
  FREEZE: 'FREEZE',
  HOLD: 'HOLD',
  LANE: 'LANE',
} as const
export type GateKind = (typeof GateKind)[keyof typeof GateKind]

/** `OPEN`: it lets the deployment through. `CLOSED`: it waits there. `REFUSED`: it is not even taken. */
export const GateState = { OPEN: 'OPEN', CLOSED: 'CLOSED', REFUSED: 'REFUSED' } as const
export type GateState = (typeof GateState)[keyof typeof GateState]

/** What one gate says of a deployment. */
export interface GateVerdict {
  readonly gate: GateKind
  readonly state: GateState
  /** Why, in a sentence. */
  readonly message: string
  /** Who can open it, and how; null where it is open. */
  readonly resolution: string | null
  /** When it opens by itself; null: it is open, or something has to happen first. */
  readonly opensAt: Date | null
  /** The error that who asks is told; set exactly where it is `REFUSED`. */
  readonly refusal: ErrorReason | null
}

/** What is asked for. */
export interface GateRequest {
  readonly kind: DeploymentKind
  /** Who asked for it. */
  readonly actor: string
  readonly isAutomatic: boolean
  readonly isForced: boolean
  /** Whether it was taken before and waits. What waits is never refused: it goes on waiting. */
  readonly isTaken: boolean
}

/** A freeze that may bind the environment now or later. */
export type FreezeFacts = FreezeTimes & { readonly reason: string; readonly actor: string }

/** All that gates go by, as it is at one moment. */
export interface GateFacts {
  readonly now: Date
  readonly gates: Gates
  /** Why automation may not deploy there; null: it may. */
  readonly holdReason: string | null
  readonly freezes: readonly FreezeFacts[]
  /** The deployment that is active there since the longest time; null: none. */
  readonly occupant: { readonly number: number; readonly version: string } | null
  readonly candidateStatus: CandidateStatus
  /** Null: it is not in quarantine. */
  readonly quarantine: { readonly actor: string; readonly reason: string } | null
  /** The environments that the promotion gate names, and since when the candidate has been a success there. */
  readonly promotions: readonly { readonly environment: string; readonly succeededAt: Date | null }[]
  /** Who has approved of the candidate for the environment. */
  readonly approvals: readonly string[]
}

/** One gate: a pure rule. Null: it does not concern what is asked for. */
export type GateRule = (facts: GateFacts, request: GateRequest) => GateVerdict | null

export function open(gate: GateKind, message: string): GateVerdict {
  return { gate, state: GateState.OPEN, message, resolution: null, opensAt: null, refusal: null }
}

export function closed(gate: GateKind, message: string, resolution: string, opensAt: Date | null = null): GateVerdict {
  return { gate, state: GateState.CLOSED, message, resolution, opensAt, refusal: null }
}

export function refused(verdict: GateVerdict, refusal: ErrorReason): GateVerdict {
  return { ...verdict, state: GateState.REFUSED, refusal }
}

/** Closed to what a person asks for now: they are told at once, and nothing waits that they do not know of. */
export function refusedUnlessTaken(
  verdict: GateVerdict,
  refusal: ErrorReason,
  { isTaken, isAutomatic }: GateRequest,
): GateVerdict {
  return isTaken || isAutomatic ? verdict : refused(verdict, refusal)
}
