import { SlipwayError } from '../../core/errors.js'
import { Prisma, type Project } from '../../database/generated/client.js'
import type { SqlReader } from '../../database/transaction.js'
import type { ApprovalGateInput, GatesInput, PromotionGateInput } from './gate.input.js'
import type { ApprovalGate, Gates, PromotionGate } from './gates.js'

const LONGEST_SOAK_MINUTES = 365 * 24 * 60
const LONGEST_WAIT_HOURS = 365 * 24
const MOST_APPROVALS = 20

/** An environment of a project, and what it has to do with the others. */
export interface Sibling {
  readonly id: string
  readonly name: string
  readonly gates: Gates
}

/** The environments of a project, among which gates and automation name some. */
export function siblingsOf(reader: SqlReader, project: Project): PromiseLike<Sibling[]> {
  return reader.$queryRaw<Sibling[]>(Prisma.sql`
    SELECT id, name, gates FROM environments WHERE project_id = ${project.id}::uuid`)
}

/**
 * The gates of an environment as they are to be, from what is asked for and what there is.
 *
 * @param own the name of the environment itself
 * @throws SlipwayError `INVALID_INPUT` that names what is wrong
 */
export function configureGates(
  { promotion, approval, lane, expiresAfterHours }: GatesInput,
  present: Gates,
  own: string,
  siblings: readonly Sibling[],
): Gates {
  return {
    ...present,
    ...(promotion !== undefined && { promotion: promotion && configurePromotion(promotion, own, siblings) }),
    ...(approval !== undefined && { approval: approval && configureApproval(approval) }),
    ...(lane !== undefined && { lane }),
    ...(expiresAfterHours !== undefined && {
      expiresAfterHours:
        expiresAfterHours === null ? null : within(expiresAfterHours, 'gates.expiresAfterHours', 1, LONGEST_WAIT_HOURS),
    }),
  }
}

/**
 * The keys of the environments of these names.
 *
 * @throws SlipwayError `INVALID_INPUT` when there is none of a name, or it is the environment itself
 */
export function keysOf(names: readonly string[], field: string, own: string, siblings: readonly Sibling[]): string[] {
  return [...new Set(names)].map(name => {
    if (name === own) throw refusal(`${field} names the environment itself`)
    const sibling = siblings.find(other => other.name === name)
    if (sibling === undefined) throw refusal(`${field} names "${name}", which is no environment of the project`)
    return sibling.id
  })
}

function configurePromotion(
  { environments, soakMinutes }: PromotionGateInput,
  own: string,
  siblings: readonly Sibling[],
): PromotionGate {
  if (environments.length === 0) throw refusal('gates.promotion.environments is empty', 'For no such gate, pass null.')
  const environmentIds = keysOf(environments, 'gates.promotion.environments', own, siblings)
  refuseCircle(environmentIds, own, siblings)
  return {
    environmentIds,
    soakMinutes: within(soakMinutes ?? 0, 'gates.promotion.soakMinutes', 0, LONGEST_SOAK_MINUTES),
  }
}

/** Environments that each wait for the other's success would wait for ever. */
function refuseCircle(sources: readonly string[], own: string, siblings: readonly Sibling[]): void {
  const seen = new Set<string>()
  const ahead = [...sources]
  for (let id = ahead.pop(); id !== undefined; id = ahead.pop()) {
    if (seen.has(id)) continue
    seen.add(id)
    const sibling = siblings.find(other => other.id === id)
    if (sibling?.name === own) {
      throw refusal('gates.promotion leads back to the environment itself', 'A candidate could get to none of them.')
    }
    ahead.push(...(sibling?.gates.promotion?.environmentIds ?? []))
  }
}

function configureApproval({ requiredApprovals, approvers }: ApprovalGateInput): ApprovalGate {
  within(requiredApprovals, 'gates.approval.requiredApprovals', 1, MOST_APPROVALS)
  const distinct = approvers == null ? null : [...new Set(approvers.map(subject => subject.trim()))]
  if (distinct !== null && (distinct.includes('') || distinct.length < requiredApprovals)) {
    throw refusal(
      'gates.approval.approvers are fewer than requiredApprovals',
      'Name at least as many subjects, or pass null for everybody with the role approver.',
    )
  }
  return { requiredApprovals, approvers: distinct }
}

function within(value: number, field: string, least: number, most: number): number {
  if (value < least || value > most) throw refusal(`${field} must be from ${least} to ${most}`)
  return value
}

function refusal(message: string, details?: string): SlipwayError {
  return new SlipwayError('INVALID_INPUT', { message, ...(details !== undefined && { details }) })
}
