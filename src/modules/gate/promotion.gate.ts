import { DeploymentKind } from '../../database/generated/enums.js'
import { closed, GateKind, type GateRule, open } from './verdict.js'

const MINUTE_MS = 60_000

/** The candidate must have succeeded in the environments that come before, and have been there for a while. */
export const promotionGate: GateRule = ({ now, gates: { promotion }, promotions }, { kind }) => {
  if (promotion == null || kind === DeploymentKind.ROLLBACK) return null
  const missing = promotions.filter(({ succeededAt }) => succeededAt === null).map(({ environment }) => environment)
  if (missing.length > 0) {
    const message = `It has not succeeded in ${missing.join(' and ')} yet.`
    return closed(GateKind.PROMOTION, message, `A success of the candidate in ${missing.join(' and ')}.`)
  }
  const latest = Math.max(...promotions.map(({ succeededAt }) => succeededAt?.getTime() ?? 0))
  const opensAt = new Date(latest + promotion.soakMinutes * MINUTE_MS)
  const names = promotions.map(({ environment }) => environment).join(' and ')
  if (opensAt <= now) return open(GateKind.PROMOTION, `It has succeeded in ${names}.`)
  const message = `It has succeeded in ${names}, and must have been there for ${promotion.soakMinutes} minutes.`
  return closed(GateKind.PROMOTION, message, 'Time alone.', opensAt)
}
