import { type Actor, maySeeProject } from '../../core/actor.js'
import { SlipwayError } from '../../core/errors.js'
import { fromGlobalId } from '../../core/global-id.js'
import { currentTime } from '../../database/clock.js'
import { type Freeze, Prisma } from '../../database/generated/client.js'
import { inTurn, type SqlTransaction, sqlTransaction } from '../../database/transaction.js'
import { authorize } from '../access/access.rules.js'
import { recordAuditEvent } from '../audit/audit.service.js'
import type { ServiceContext } from '../context/service-context.js'
import { wakeAll } from '../deployment/follow-up.js'
import { findProjectByKey } from '../project/project.service.js'
import { declareFreeze, readReason } from './freeze.declaration.js'
import { isUnreadable, windowAt } from './freeze.rules.js'
import { type FreezeScope, isBound, type NamedScope, refuseLimited, scopeToFreeze } from './freeze.scope.js'
import { checkRecurrence } from './recurrence.js'

interface NewFreeze extends NamedScope {
  readonly startsAt?: Date | null | undefined
  readonly endsAt?: Date | null | undefined
  readonly rrule?: string | null | undefined
  readonly duration?: string | null | undefined
  readonly timeZone?: string | null | undefined
  readonly reason: string
}

/** Freezes lock many environments: they take turns with one another (`inTurn`). */
const TURN = 'freezes'

/**
 * Declares a freeze. Once this has answered, nothing starts where and while it binds: the environments are locked for the
 * moment, so that no deployment is just about to start by what it saw before.
 */
export async function createFreeze(ctx: ServiceContext, input: NewFreeze): Promise<{ id: string }> {
  const reason = readReason(input.reason)
  const recurrence = readRecurrence(input)
  return sqlTransaction(inTurn(ctx.database, TURN), async tx => {
    const scope = await scopeToFreeze(tx, ctx.actor, input)
    await lockBound(tx, scope)
    const { startsAt = null, endsAt = null } = input
    const environments = input.environments ?? []
    const declaration = { scope, environments, startsAt, endsAt, ...recurrence, isEmergency: false, reason }
    return { id: await declareFreeze(tx, ctx.actor, declaration) }
  })
}

/**
 * Lifts a freeze for good, or only the window in which a recurring one binds now. What waited for that goes on. Repeating
 * it changes nothing.
 *
 * @throws SlipwayError `FREEZE_NOT_FOUND`, also when the actor may not see its project
 */
export async function liftFreeze(ctx: ServiceContext, id: string, onlyThisWindow: boolean): Promise<{ id: string }> {
  const node = fromGlobalId(id)
  if (node?.kind !== 'freeze') throw new SlipwayError('FREEZE_NOT_FOUND')
  const known = await ctx.database.freeze.findUnique({ where: { id: node.key } })
  if (known === null) throw new SlipwayError('FREEZE_NOT_FOUND')
  return sqlTransaction(inTurn(ctx.database, TURN), async tx => {
    const project = known.projectId === null ? null : await findProjectByKey(tx, known.projectId)
    if (project !== null && !maySeeProject(ctx.actor, project.name)) throw new SlipwayError('FREEZE_NOT_FOUND')
    authorize(ctx.actor, 'freeze.lift')
    if (project === null) refuseLimited(ctx.actor)
    const bound = await lockBound(tx, { project, environmentIds: known.environmentIds })
    const now = await currentTime(tx)
    if (!(await lift(tx, ctx.actor, known.id, onlyThisWindow, now))) return known
    const waiting = bound.filter(({ isWaitedFor }) => isWaitedFor)
    await wakeAll(
      tx,
      waiting.map(({ id }) => id),
    )
    await recordAuditEvent(tx, ctx.actor, {
      action: 'freeze.lift',
      at: now,
      projectId: known.projectId,
      subjectId: known.id,
      data: { reason: known.reason, onlyThisWindow },
    })
    return known
  })
}

/** Answers whether that changed anything. */
async function lift(
  tx: SqlTransaction,
  { subject }: Actor,
  id: string,
  onlyThisWindow: boolean,
  now: Date,
): Promise<boolean> {
  const [freeze] = await tx.$queryRaw<[Freeze]>(Prisma.sql`
    SELECT starts_at AS "startsAt", ends_at AS "endsAt", rrule, duration, time_zone AS "timeZone",
           suspended_until AS "suspendedUntil", lifted_at AS "liftedAt"
    FROM freezes WHERE id = ${id}::uuid FOR UPDATE`)
  if (freeze.liftedAt !== null) return false
  if (!onlyThisWindow || freeze.rrule === null) {
    await tx.$queryRaw(Prisma.sql`
      UPDATE freezes SET lifted_at = ${now}, lifted_by = ${subject} WHERE id = ${id}::uuid`)
    return true
  }
  if (isUnreadable(freeze)) {
    throw new SlipwayError('INVALID_INPUT', {
      message: 'Its rrule cannot be read, so that it has no windows',
      details: 'Lift it as a whole, and declare another one.',
    })
  }
  const window = windowAt(freeze, now)
  if (window === null) {
    throw new SlipwayError('INVALID_INPUT', { message: 'It does not bind now', details: 'There is no window to lift.' })
  }
  await tx.$queryRaw(Prisma.sql`UPDATE freezes SET suspended_until = ${window.endsAt} WHERE id = ${id}::uuid`)
  return true
}

/** Locks the environments that a freeze binds, in one order, so that two freezes do not wait for each other. */
function lockBound(
  tx: SqlTransaction,
  scope: FreezeScope,
): PromiseLike<{ readonly id: string; readonly isWaitedFor: boolean }[]> {
  return tx.$queryRaw(Prisma.sql`
    SELECT id, waiting_deployments > 0 AS "isWaitedFor" FROM environments WHERE ${isBound(scope)}
    ORDER BY id FOR NO KEY UPDATE`)
}

/**
 * A recurrence has all of its parts, or none. It is judged before anything is locked.
 *
 * @throws SlipwayError `INVALID_INPUT` that says what is wrong with it
 */
function readRecurrence({ rrule = null, duration = null, timeZone = null, startsAt }: NewFreeze) {
  if (rrule === null && duration === null && timeZone === null) return { rrule, duration, timeZone }
  if (rrule === null || duration === null || timeZone === null) {
    const missing = Object.entries({ rrule, duration, timeZone }).filter(([, value]) => value === null)
    const names = missing.map(([name]) => name).join(' and ')
    throw new SlipwayError('INVALID_INPUT', {
      message: `${names} missing: a recurring freeze needs rrule, duration and timeZone`,
    })
  }
  try {
    checkRecurrence({ startsAt: startsAt ?? new Date(), rrule, duration, timeZone })
  } catch (error) {
    if (error instanceof RangeError) throw new SlipwayError('INVALID_INPUT', { message: error.message })
    throw error
  }
  return { rrule, duration, timeZone }
}
