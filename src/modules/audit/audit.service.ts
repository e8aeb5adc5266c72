import type { Actor } from '../../core/actor.js'
import type { Prisma } from '../../database/generated/client.js'
import type { Transaction } from '../../database/transaction.js'
import type { Action } from '../access/access.rules.js'

interface AuditedAct {
  readonly action: Action
  readonly at: Date
  readonly projectId: string | null
  /** The key of the row that was acted upon, or the `jti` of a token. */
  readonly subjectId: string
  /** What was asked and decided. Never a secret. */
  readonly data: Prisma.InputJsonObject
}

/** Records who did what, in the transaction that does it: one is never kept without the other. */
export async function recordAuditEvent(tx: Transaction, actor: Actor, act: AuditedAct): Promise<void> {
  await tx.auditEvent.create({
    data: { ...act, actor: actor.subject, tokenId: actor.tokenId },
    select: { id: true },
  })
}
