import type { Actor } from '../../core/actor.js'
import { type Environment, type Freeze, Prisma, type Project } from '../../database/generated/client.js'
import { newestByKey } from '../pagination/page.js'
import { isVisible } from '../project/project.rows.js'
import { computed } from '../reading/computed.js'
import { type List, list } from '../reading/list.js'
import { type OfTheMoment, ofTheMoment } from '../reading/of-the-moment.js'
import type { Row, Sql } from '../reading/row.js'
import { ENVIRONMENTS, FREEZES } from '../reading/tables.js'
import type { FreezesArgs } from './freeze.input.js'
import { type FreezeTimes, type FreezeWindow, windowAfter, windowAt } from './freeze.rules.js'

/** Holds for freezes that bind now or may bind later. */
const IS_OPEN = Prisma.sql`lifted_at IS NULL AND (ends_at IS NULL OR ends_at > clock_timestamp())`

/** The freezes that the actor may see, newest first. */
export function visibleFreezes(actor: Actor, args: FreezesArgs): OfTheMoment {
  const isSeen =
    actor.projects === null
      ? Prisma.sql`true`
      : Prisma.sql`(project_id IS NULL OR project_id IN (SELECT id FROM projects WHERE ${isVisible(actor)}))`
  return ofTheMoment(newestByKey(FREEZES, args.open ? Prisma.sql`${isSeen} AND ${IS_OPEN}` : isSeen, args))
}

/** The freezes that bind a project now or may bind it later, in whole or in part, newest first. */
export function freezesOfProject(project: Row<Project>, first: number | null): OfTheMoment {
  return openFreezes(isOf(project.id), first)
}

/** The freezes that bind an environment now or may bind it later, newest first. */
export function freezesOfEnvironment(environment: Row<Environment>, first: number | null): OfTheMoment {
  const isBound = Prisma.sql`(cardinality(environment_ids) = 0 OR ${environment.id} = ANY (environment_ids))`
  return openFreezes(Prisma.sql`${isOf(environment.projectId)} AND ${isBound}`, first)
}

function isOf(projectId: Sql): Sql {
  return Prisma.sql`(project_id = ${projectId} OR project_id IS NULL)`
}

function openFreezes(condition: Sql, first: number | null): OfTheMoment {
  const rows = FREEZES.where(Prisma.sql`${condition} AND ${IS_OPEN}`)
  return ofTheMoment(list(rows, freeze => Prisma.sql`${freeze.id} DESC`, first))
}

/** The environments that a freeze names, in promotion order. */
export function environmentsOfFreeze(freeze: Row<Freeze>): List {
  const rows = ENVIRONMENTS.where(Prisma.sql`id = ANY (${freeze.environmentIds})`)
  return list(rows, environment => Prisma.sql`${environment.tier}, ${environment.id}`)
}

/** The window in which a freeze binds now. */
export function currentWindow(freeze: Row<Freeze>): OfTheMoment {
  return window(freeze, windowAt)
}

/** Its next window. */
export function nextWindow(freeze: Row<Freeze>): OfTheMoment {
  return window(freeze, windowAfter)
}

function window(freeze: Row<Freeze>, find: (freeze: FreezeTimes, time: Date) => FreezeWindow | null): OfTheMoment {
  const { startsAt, endsAt, rrule, duration, timeZone, suspendedUntil, liftedAt } = freeze
  const stored = Prisma.sql`json_build_array(
    clock_timestamp(), ${startsAt}, ${endsAt}, ${suspendedUntil}, ${liftedAt}, ${rrule}, ${duration}, ${timeZone})`
  type Stored = [
    string,
    string,
    string | null,
    string | null,
    string | null,
    string | null,
    string | null,
    string | null,
  ]
  return ofTheMoment(
    computed<Stored>(stored, ([now, starts, ends, suspended, lifted, rule, length, zone]) => {
      const times: FreezeTimes = {
        startsAt: new Date(starts),
        endsAt: time(ends),
        suspendedUntil: time(suspended),
        liftedAt: time(lifted),
        rrule: rule,
        duration: length,
        timeZone: zone,
      }
      return find(times, new Date(now))
    }),
  )
}

function time(text: string | null): Date | null {
  return text === null ? null : new Date(text)
}
