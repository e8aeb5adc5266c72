import { DeploymentKind } from '../../database/generated/enums.js'
import { isExclusive, Lane } from './gates.js'
import { closed, GateKind, type GateRule, open, refusedUnlessTaken } from './verdict.js'

/**
 * In every lane but `ALLOW`, at most one deployment is active. What waits does not count: it holds nothing. A rollback
 * is never refused, as it has everything else canceled.
 */
export const laneGate: GateRule = ({ gates, occupant }, request) => {
  if (!isExclusive(gates)) return null
  if (occupant === null) return open(GateKind.LANE, 'No other deployment is active.')
  const name = `deployment ${occupant.number} (${occupant.version})`
  const verdict = closed(
    GateKind.LANE,
    `Lane ${gates.lane}: ${name} is active; it may pass when that has ended.`,
    `The end of ${name}.`,
  )
  const isRefusable = gates.lane === Lane.REJECT && request.kind === DeploymentKind.DEPLOYMENT
  return isRefusable ? refusedUnlessTaken(verdict, 'LANE_OCCUPIED', request) : verdict
}
