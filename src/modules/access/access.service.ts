import { SlipwayError } from '../../core/errors.js'
import { currentTime } from '../../database/clock.js'
import { transaction } from '../../database/transaction.js'
import { recordAuditEvent } from '../audit/audit.service.js'
import type { ServiceContext } from '../context/service-context.js'
import { authorize } from './access.rules.js'

/** Has every replica refuse a token from now on, within a second. Repeating it changes nothing. */
export async function revokeToken(ctx: ServiceContext, tokenId: string): Promise<void> {
  if (tokenId === '') throw new SlipwayError('INVALID_INPUT', { message: 'tokenId is missing' })
  authorize(ctx.actor, 'token.revoke')
  await transaction(ctx.database, async tx => {
    const revokedAt = await currentTime(tx)
    const { count } = await tx.revokedToken.createMany({
      data: [{ id: tokenId, revokedAt, revokedBy: ctx.actor.subject }],
      skipDuplicates: true,
    })
    if (count === 0) return
    await recordAuditEvent(tx, ctx.actor, {
      action: 'token.revoke',
      at: revokedAt,
      projectId: null,
      subjectId: tokenId,
      data: {},
    })
  })
}
