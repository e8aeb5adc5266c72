import { v7 as uuid } from 'uuid'
import type { Actor } from '../../core/actor.js'
import { SlipwayError } from '../../core/errors.js'
import { currentTime } from '../../database/clock.js'
import { Prisma } from '../../database/generated/client.js'
import type { SqlTransaction } from '../../database/transaction.js'
import { recordAuditEvent } from '../audit/audit.service.js'
import type { FreezeScope } from './freeze.scope.js'

/** A freeze that is declared, as far as it is the same whoever declares it. */
export interface Declaration {
  readonly scope: FreezeScope
  /** The names of the environments that it binds, for the audit. */
  readonly environments: readonly string[]
  /** Null: from now on. */
  readonly startsAt: Date | null
  readonly endsAt: Date | null
  /** All three, or none. */
  readonly rrule: string | null
  readonly duration: string | null
  readonly timeZone: string | null
  readonly isEmergency: boolean
  readonly reason: string
}

/** @throws SlipwayError `INVALID_INPUT` when no reason is given */
export function readReason(text: string): string {
  const reason = text.trim()
  if (reason === '') throw new SlipwayError('INVALID_INPUT', { message: 'reason is missing', details: 'Say why.' })
  return reason
}

/**
 * Stores a freeze with its audit event.
 *
 * @returns its key
 * @throws SlipwayError `INVALID_INPUT` when it would end before it begins or before now
 */
export async function declareFreeze(tx: SqlTransaction, actor: Actor, declaration: Declaration): Promise<string> {
  const { scope, environments, endsAt, rrule, duration, timeZone, isEmergency, reason } = declaration
  const now = await currentTime(tx)
  const startsAt = declaration.startsAt ?? now
  checkTimes(startsAt, endsAt, now)
  const id = uuid()
  const projectId = scope.project?.id ?? null
  await tx.$queryRaw(Prisma.sql`
    INSERT INTO freezes (id, project_id, environment_ids, starts_at, ends_at, rrule, duration, time_zone, is_emergency,
                         reason, actor, created_at)
    VALUES (${id}::uuid, ${projectId}::uuid, ${scope.environmentIds}::uuid[], ${startsAt}, ${endsAt}, ${rrule},
            ${duration}, ${timeZone}, ${isEmergency}, ${reason}, ${actor.subject}, ${now})`)
  const data = {
    project: scope.project?.name ?? null,
    environments: [...environments],
    startsAt: startsAt.toISOString(),
    endsAt: endsAt?.toISOString() ?? null,
    rrule,
    duration,
    timeZone,
    emergency: isEmergency,
    reason,
  }
  await recordAuditEvent(tx, actor, { action: 'freeze.create', at: now, projectId, subjectId: id, data })
  return id
}

function checkTimes(startsAt: Date, endsAt: Date | null, now: Date): void {
  for (const [name, time] of Object.entries({ startsAt, endsAt })) {
    const year = time?.getUTCFullYear() ?? FIRST_YEAR
    if (year < FIRST_YEAR || year > LAST_YEAR) {
      throw new SlipwayError('INVALID_INPUT', {
        message: `${name} must be in the years from ${FIRST_YEAR} to ${LAST_YEAR}`,
      })
    }
  }
  if (endsAt === null) return
  if (endsAt <= now) throw new SlipwayError('INVALID_INPUT', { message: 'endsAt is over already' })
  if (endsAt <= startsAt) throw new SlipwayError('INVALID_INPUT', { message: 'endsAt must be after startsAt' })
}

const FIRST_YEAR = 1970
const LAST_YEAR = 9999
