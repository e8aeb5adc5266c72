import { v7 as uuid } from 'uuid'
import { type Actor, maySeeProject } from '../../core/actor.js'
import { SlipwayError } from '../../core/errors.js'
import { fromGlobalId } from '../../core/global-id.js'
import { currentTime } from '../../database/clock.js'
import { type Freeze, Prisma, type Project } from '../../database/generated/client.js'
import { type SqlTransaction, sqlTransaction } from '../../database/transaction.js'
import { authorize } from '../access/access.rules.js'
import { recordAuditEvent } from '../audit/audit.service.js'
import type { ServiceContext } from '../context/service-context.js'
import { wakeAll } from '../deployment/follow-up.js'
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

const MONTH_MS = 30 * 24 * 3_600_000
const TRIED_MONTHS = 120

/** What a freeze binds. */
interface Scope {
  readonly project: Project | null
  readonly environmentIds: readonly string[]
}

/**
 * Declares a freeze. Once this has answered, nothing starts where and while it binds: the environments are locked for the
 * moment, so that no deployment is just about to start by what it saw before.
 */
export async function createFreeze(
  ctx: ServiceContext,
  input: NewFreeze,
  isEmergency = false,
): Promise<{ id: string }> {
  const reason = input.reason.trim()
  if (reason === '') throw new SlipwayError('INVALID_INPUT', { message: 'reason is missing', details: 'Say why.' })
  const { rrule, duration, timeZone } = readRecurrence(input)
  return sqlTransaction(ctx.database, async tx => {
    const project = input.project == null ? null : await requireProject(tx, ctx.actor, input.project)
    authorize(ctx.actor, 'freeze.create')
    if (project === null) refuseLimited(ctx.actor)
    const scope = { project, environmentIds: await environmentIdsOf(tx, project, input.environments ?? []) }
    await lockBound(tx, scope)
    const now = await currentTime(tx)
    const startsAt = input.startsAt ?? now
    const endsAt = input.endsAt ?? null
    checkTimes(startsAt, endsAt, now)
    if (rrule !== null) checkRecurrence({ startsAt, rrule, duration: duration ?? '', timeZone: timeZone ?? '' })
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
    return { id }
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
  return sqlTransaction(ctx.database, async tx => {
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
  { project, environmentIds }: Scope,
): PromiseLike<{ readonly id: string; readonly isWaitedFor: boolean }[]> {
  const isBound =
    project === null
      ? Prisma.sql`true`
      : environmentIds.length === 0
        ? Prisma.sql`project_id = ${project.id}::uuid`
        : Prisma.sql`id = ANY (${environmentIds}::uuid[])`
  return tx.$queryRaw(Prisma.sql`
    SELECT id, waiting_deployments > 0 AS "isWaitedFor" FROM environments WHERE ${isBound}
    ORDER BY id FOR NO KEY UPDATE`)
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
    for (let months = 0; months < TRIED_MONTHS; months += 1) {
      const time = new Date(start + months * MONTH_MS)
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
