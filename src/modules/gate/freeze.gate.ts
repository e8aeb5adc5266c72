import { thawsAt, windowAt } from '../freeze/freeze.rules.js'
import { closed, GateKind, type GateRule, open, refusedUnlessTaken } from './verdict.js'

/** Nothing starts in a freeze, whoever asks for it, unless somebody who may has forced it. */
export const freezeGate: GateRule = ({ now, freezes }, request) => {
  const binding = freezes.filter(freeze => windowAt(freeze, now) !== null)
  const [first] = binding
  if (first === undefined) return open(GateKind.FREEZE, 'Nothing is frozen.')
  if (request.isForced) return open(GateKind.FREEZE, `It is forced through a freeze: ${first.reason}`)
  const opensAt = thawsAt(freezes, now)
  const until = opensAt === null ? 'until it is lifted' : `until ${opensAt.toISOString()}`
  const reasons = binding.map(({ reason, actor }) => `${reason} (${actor})`).join('; ')
  const verdict = closed(GateKind.FREEZE, `It is frozen ${until}: ${reasons}`, 'An approver, who lifts it.', opensAt)
  return refusedUnlessTaken(verdict, 'ENVIRONMENT_FROZEN', request)
}
