import { DeploymentKind } from '../../database/generated/enums.js'
import { closed, GateKind, type GateRule, open } from './verdict.js'

/** After an automatic rollback, automation deploys nothing until a person has looked at it. */
export const holdGate: GateRule = ({ holdReason }, { kind, isAutomatic }) => {
  if (!isAutomatic || kind === DeploymentKind.ROLLBACK) return null
  if (holdReason === null) return open(GateKind.HOLD, 'Automation is not held.')
  const message = `Automation is held: ${holdReason}`
  return closed(GateKind.HOLD, message, 'An approver, who resumes it with resumeEnvironment.')
}
