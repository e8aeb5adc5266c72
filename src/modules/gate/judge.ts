import { approvalGate } from './approval.gate.js'
import { buildGate, quarantineGate } from './candidate.gates.js'
import { freezeGate } from './freeze.gate.js'
import { holdGate } from './hold.gate.js'
import { laneGate } from './lane.gate.js'
import { promotionGate } from './promotion.gate.js'
import { type GateFacts, type GateRequest, type GateRule, GateState, type GateVerdict } from './verdict.js'

/** Every gate there is, in the order in which they are told and in which the first refusal counts. */
const GATES: readonly GateRule[] = [
  buildGate,
  quarantineGate,
  freezeGate,
  holdGate,
  promotionGate,
  approvalGate,
  laneGate,
]

/** What all gates that concern a deployment say of it. */
export function judge(facts: GateFacts, request: GateRequest): GateVerdict[] {
  return GATES.map(rule => rule(facts, request)).filter(verdict => verdict !== null)
}

/** The gates that a deployment waits at. */
export function unmet(verdicts: readonly GateVerdict[]): GateVerdict[] {
  return verdicts.filter(({ state }) => state !== GateState.OPEN)
}

/** What comes of a deployment of which gates say this. */
export function stateOf(verdicts: readonly GateVerdict[]): GateState {
  const states = new Set(verdicts.map(({ state }) => state))
  if (states.has(GateState.REFUSED)) return GateState.REFUSED
  return states.has(GateState.CLOSED) ? GateState.CLOSED : GateState.OPEN
}

/** When all gates will have opened by themselves; null: they are open, or one of them does not open by itself. */
export function opensAt(verdicts: readonly GateVerdict[]): Date | null {
  const times = unmet(verdicts).map(verdict => verdict.opensAt?.getTime() ?? Number.POSITIVE_INFINITY)
  const last = Math.max(...times)
  return Number.isFinite(last) ? new Date(last) : null
}
