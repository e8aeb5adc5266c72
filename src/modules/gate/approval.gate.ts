import { DeploymentKind } from '../../database/generated/enums.js'
import type { ApprovalGate } from './gates.js'
import { closed, GateKind, type GateRequest, type GateRule, open } from './verdict.js'

/** Enough people must have approved of the candidate for the environment. */
export const approvalGate: GateRule = ({ gates: { approval }, approvals }, request) => {
  if (approval == null || request.kind === DeploymentKind.ROLLBACK) return null
  const { requiredApprovals } = approval
  const counted = approvals.filter(actor => mayApprove(approval, request, actor))
  const sentence = `${counted.length} of ${requiredApprovals} approvals are there${counted.length > 0 ? `, by ${counted.join(' and ')}` : ''}.`
  if (counted.length >= requiredApprovals) return open(GateKind.APPROVAL, sentence)
  return closed(GateKind.APPROVAL, sentence, `${whoApproves(approval)}, but not who asked for it.`)
}

/** Whose approval counts: never that of who asked for the deployment. */
export function mayApprove({ approvers }: ApprovalGate, { actor: requester, isAutomatic }: GateRequest, actor: string) {
  return (approvers === null || approvers.includes(actor)) && (isAutomatic || actor !== requester)
}

/** Who can be asked for an approval. */
export function whoApproves({ approvers }: ApprovalGate): string {
  return approvers === null ? 'Anybody with the role approver' : `One of ${approvers.join(', ')}`
}
