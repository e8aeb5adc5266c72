import { v7 as uuid } from 'uuid'
import { type Actor, maySeeProject } from '../../core/actor.js'
import { SlipwayError } from '../../core/errors.js'
import { fromGlobalId } from '../../core/global-id.js'
import { currentTime } from '../../database/clock.js'
import { type Freeze, Prisma, type Project } from '../../database/generated/client.js'
import { inTurn, type SqlTransaction, sqlTransaction } from '../../database/transaction.js'
import { authorize } from '../access/access.rules.js'
import { recordAuditEvent } from '../audit/audit.service.js'
import type { ServiceContext } from '../context/service-context.js'
import { wakeAll } from '../deployment/follow-up.js'
import { lockEnvironmentByKey } from '../environment/environment.lock.js'
import { findProjectByKey, requireProject } from '../project/project.service.js'
import { windowAt } from './freeze.rules.js'
import { Recurring } from './recurrence.js'

interface NewFreeze {
  /** The project's name; without it, all projects. */
  readonly project?: string | null | undefined
  /** The names of its environments; without any, all of them. */
  readonly environments?: readonly string[] | null | undefined
  readonly startsAt?: Date | null | undefined
  readonly endsAt?: Date | null | undefined
  readonly rrule?: string | null | undefined
  readonly duration?: string | null | undefined
  readonly timeZone?: string | null | undefined
  readonly reason: string
}

/** Freezes lock many environments: they take turns with one another (`inTurn`). */
const TURN = 'freezes'
const YEAR_MS = 365 * 24 * 3_600_000
/** A rule is followed at these distances from its beginning; with a number of windows, beyond the last of them. */
const TRIED_YEARS = [0.1, 1, 5, 30]

/** What a freeze binds. */
interface Scope {
  readonly project: Project | null
  readonly environmentIds: readonly string[]
}

/**
 * Declares a freeze. Once this has answered, nothing starts where and while it binds: the environments are locked for the
 * moment, so that no deployment is just about to start by what it saw before. In an emergency the freeze is stored first,
 * and whoever saw the environments without it is waited for afterwards: no row that somebody holds can refuse a stop.
 */
export async function createFreeze(
  ctx: ServiceContext,
  input: NewFreeze,
  isEmergency = false,
): Promise<{ id: string }> {
  const reason = input.reason.trim()
  if (reason === '') throw new SlipwayError('INVALID_INPUT', { message: 'reason is missing', details: 'Say why.' })
  const { rrule, duration, timeZone } = readRecurrence(input)
  // Following a rule takes a while: that is done before anything is locked.
  if (rrule !== null) {
    authorize(ctx.actor, 'freeze.create')
    checkRecurrence({
      startsAt: input.startsAt ?? new Date(),
      rrule,
      duration: duration ?? '',
      timeZone: timeZone ?? '',
    })
  }
  // A stop waits for nobody's turn.
  const where = isEmergency ? ctx.database : inTurn(ctx.database, TURN)
  const { id, scope } = await sqlTransaction(where, async tx => {
    const project = input.project == null ? null : await requireProject(tx, ctx.actor, input.project)
    authorize(ctx.actor, 'freeze.create')
    if (project === null) refuseLimited(ctx.actor)
    const scope = { project, environmentIds: await environmentIdsOf(tx, project, input.environments ?? []) }
    if (!isEmergency) await lockBound(tx, scope)
    const now = await currentTime(tx)
    const startsAt = input.startsAt ?? now
    const endsAt = input.endsAt ?? null
    checkTimes(startsAt, endsAt, now)
    const id = uuid()
    await tx.$queryRaw(Prisma.sql`
      INSERT INTO freezes (id, project_id, environment_ids, starts_at, ends_at, rrule, duration, time_zone, is_emergency,
                           reason, actor, created_at)
      VALUES (${id}::uuid, ${project?.id ?? null}::uuid, ${scope.environmentIds}::uuid[], ${startsAt}, ${endsAt}, ${rrule},
              ${duration}, ${timeZone}, ${isEmergency}, ${reason}, ${ctx.actor.subject}, ${now})`)
    const data = {
      project: project?.name ?? null,
      environments: [...(input.environments ?? [])],
      startsAt: startsAt.toISOString(),
      endsAt: endsAt?.toISOString() ?? null,
      rrule,
      duration,
      timeZone,
      emergency: isEmergency,
      reason,
    }
    const act = { action: 'freeze.create', at: now, projectId: project?.id ?? null, subjectId: id, data } as const
    await recordAuditEvent(tx, ctx.actor, act)
    return { id, scope }
  })
  if (isEmergency) await drain(ctx, scope)
  return { id }
}

/** Waiting for those who hold environments ends here; PostgreSQL ends a transaction that does nothing about then. */
const LONGEST_DRAIN_MS = 15_000

/**
 * Waits until nobody decides any more by what an environment was before: each decision is taken under its lock. The stop
 * is in force whatever comes of this.
 */
async function drain({ database, log }: ServiceContext, scope: Scope): Promise<void> {
  const giveUpAt = performance.now() + LONGEST_DRAIN_MS
  const environments = await database.$queryRaw<{ id: string }[]>(
    Prisma.sql`SELECT id::text FROM environments WHERE ${isBound(scope)} ORDER BY id`,
  )
  for (const { id } of environments) {
    if (performance.now() > giveUpAt) {
      log.warn('An emergency stop is in force; not all environments could be waited for')
      return
    }
    await sqlTransaction(database, tx => lockEnvironmentByKey(tx, id)).catch((error: unknown) =>
      log.warn({ err: error, environment: id }, 'An emergency stop is in force; an environment is still held'),
    )
  }
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
  scope: Scope,
): PromiseLike<{ readonly id: string; readonly isWaitedFor: boolean }[]> {
  return tx.$queryRaw(Prisma.sql`
    SELECT id, waiting_deployments > 0 AS "isWaitedFor" FROM environments WHERE ${isBound(scope)}
    ORDER BY id FOR NO KEY UPDATE`)
}

/** Holds for the environments that a freeze binds. */
function isBound({ project, environmentIds }: Scope): Prisma.Sql {
  if (project === null) return Prisma.sql`true`
  return environmentIds.length === 0
    ? Prisma.sql`project_id = ${project.id}::uuid`
    : Prisma.sql`id = ANY (${environmentIds}::uuid[])`
}

async function environmentIdsOf(
  tx: SqlTransaction,
  project: Project | null,
  names: readonly string[],
): Promise<string[]> {
  if (names.length === 0) return []
  if (project === null) {
    throw new SlipwayError('INVALID_INPUT', { message: 'project is missing: environments are those of a project' })
  }
  const rows = await tx.$queryRaw<{ id: string; name: string }[]>(Prisma.sql`
    SELECT id, name FROM environments WHERE project_id = ${project.id}::uuid AND name = ANY (${names}::text[])`)
  const unknown = names.find(name => !rows.some(row => row.name === name))
  if (unknown !== undefined) {
    throw new SlipwayError('ENVIRONMENT_NOT_FOUND', { details: `The project has no environment "${unknown}".` })
  }
  return rows.map(({ id }) => id)
}

function refuseLimited(actor: Actor): void {
  if (actor.projects !== null) {
    throw new SlipwayError('FORBIDDEN', { details: 'The token is limited to projects: name one of them.' })
  }
}

function checkTimes(startsAt: Date, endsAt: Date | null, now: Date): void {
  if (endsAt === null) return
  if (endsAt <= now) throw new SlipwayError('INVALID_INPUT', { message: 'endsAt is over already' })
  if (endsAt <= startsAt) throw new SlipwayError('INVALID_INPUT', { message: 'endsAt must be after startsAt' })
}

/** A recurrence has all of its parts, or none. */
function readRecurrence({ rrule = null, duration = null, timeZone = null }: NewFreeze) {
  const missing = Object.entries({ rrule, duration, timeZone }).filter(([, value]) => value === null)
  if (missing.length !== 0 && missing.length !== 3) {
    const names = missing.map(([name]) => name).join(' and ')
    throw new SlipwayError('INVALID_INPUT', {
      message: `${names} missing: a recurring freeze needs rrule, duration and timeZone`,
    })
  }
  return { rrule, duration, timeZone }
}

/**
 * A rule that were found out later to take too long to be followed would keep everything from being judged: it is tried
 * for the years to come.
 */
function checkRecurrence(recurrence: ConstructorParameters<typeof Recurring>[0]): void {
  try {
    const recurring = new Recurring(recurrence)
    const start = recurrence.startsAt.getTime()
    if (recurring.next(new Date(start - 1)) === null) throw new Error('It has no window')
    for (const years of TRIED_YEARS) {
      const time = new Date(start + years * YEAR_MS)
      recurring.last(time)
      recurring.next(time)
    }
  } catch (error) {
    if (error instanceof RangeError) throw new SlipwayError('INVALID_INPUT', { message: error.message })
    throw new SlipwayError('INVALID_INPUT', {
      message: 'rrule never comes about after startsAt, or too seldom for its FREQ',
      cause: error,
    })
  }
}
