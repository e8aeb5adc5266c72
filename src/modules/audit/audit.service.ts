import { v7 as uuid } from 'uuid'
import type { Actor } from '../../core/actor.js'
import { Prisma } from '../../database/generated/client.js'
import type { SqlTransaction } from '../../database/transaction.js'
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
export async function recordAuditEvent(
  tx: SqlTransaction,
  actor: Pick<Actor, 'subject' | 'tokenId'>,
  act: AuditedAct,
): Promise<void> {
  const { action, at, projectId, subjectId } = act
  const data = JSON.stringify(act.data)
  await tx.$queryRaw(Prisma.sql`
    INSERT INTO audit_events (id, at, actor, token_id, action, project_id, subject_id, data)
    VALUES (${uuid()}::uuid, ${at}, ${actor.subject}, ${actor.tokenId}, ${action}, ${projectId}::uuid, ${subjectId}, ${data}::jsonb)`)
}
