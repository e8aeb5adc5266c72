import { DAY_MS } from './calendar-day.js'
import { type Recurring, recurringOf, type Window } from './recurrence.js'

/** What of a freeze decides when it binds. The last three are set together, for a recurring one. */
export interface FreezeTimes {
  readonly startsAt: Date
  readonly endsAt: Date | null
  readonly suspendedUntil: Date | null
  readonly liftedAt: Date | null
  readonly rrule: string | null
  readonly duration: string | null
  readonly timeZone: string | null
}

/** A stretch of time in which a freeze binds; without an end, until it is lifted. */
export type FreezeWindow = Omit<Window, 'endsAt'> & { readonly endsAt: Date | null }

/** So many windows are followed that begin before the one before them has ended. */
const LONGEST_CHAIN = 1_000
/** So often freezes are judged meanwhile, however many there are; once each in any case. */
const MOST_JUDGEMENTS = 5_000
/** Rules are those of a calendar: a gap that has not come within a year is not waited for. */
const ENDLESS_MS = 366 * DAY_MS

/**
 * The window in which a freeze binds at a time; null when it does not.
 *
 * One that recurs by a rule that cannot be read, which only an older version took, binds from its start to its end as if
 * it did not recur: what somebody has frozen does not thaw because we cannot tell any more when.
 */
export function windowAt(freeze: FreezeTimes, time: Date): FreezeWindow | null {
  if (freeze.liftedAt !== null || time < freeze.startsAt || (freeze.endsAt !== null && time >= freeze.endsAt))
    return null
  const recurring = windowsOf(freeze)
  if (recurring === null) return { startsAt: freeze.startsAt, endsAt: freeze.endsAt }
  if (freeze.suspendedUntil !== null && time < freeze.suspendedUntil) return null
  const window = recurring.last(time)
  return window === null || window.endsAt <= time ? null : within(window, freeze)
}

/** The next window of a freeze that begins after a time; null when none does in the next ten years. */
export function windowAfter(freeze: FreezeTimes, time: Date): FreezeWindow | null {
  if (freeze.liftedAt !== null) return null
  const recurring = windowsOf(freeze)
  if (recurring === null) {
    return time < freeze.startsAt ? { startsAt: freeze.startsAt, endsAt: freeze.endsAt } : null
  }
  const window = recurring.next(time)
  return window === null || (freeze.endsAt !== null && window.startsAt >= freeze.endsAt) ? null : within(window, freeze)
}

/**
 * From when on none of several freezes binds, at the earliest at `time`; windows that touch one another are followed to
 * their common end. Where there are too many of them, it is the end of those that were followed: something binds then,
 * too, and this is to be asked again. Null: not before one of them is lifted.
 */
export function thawsAt(freezes: readonly FreezeTimes[], time: Date): Date | null {
  const rounds = Math.max(1, Math.min(LONGEST_CHAIN, Math.floor(MOST_JUDGEMENTS / Math.max(freezes.length, 1))))
  let thaw = time
  let binding: readonly FreezeTimes[] = []
  for (let round = 0; round < rounds; round += 1) {
    const bindings = freezes.map(freeze => ({ freeze, window: windowAt(freeze, thaw) }))
    const bound = bindings.filter(({ window }) => window !== null)
    if (bound.length === 0) return thaw
    binding = bound.map(({ freeze }) => freeze)
    const last = Math.max(...bound.map(({ window }) => window?.endsAt?.getTime() ?? Number.POSITIVE_INFINITY))
    if (!Number.isFinite(last)) return null
    thaw = new Date(last)
  }
  const isEndless = binding.some(({ endsAt }) => endsAt === null) && thaw.getTime() - time.getTime() >= ENDLESS_MS
  return isEndless ? null : thaw
}

function within(window: Window, { endsAt }: FreezeTimes): FreezeWindow {
  return endsAt !== null && endsAt < window.endsAt ? { ...window, endsAt } : window
}

/** Whether a freeze recurs by a rule that cannot be read. */
export function isUnreadable(freeze: FreezeTimes): boolean {
  return freeze.rrule !== null && windowsOf(freeze) === null
}

function windowsOf({ startsAt, rrule, duration, timeZone }: FreezeTimes): Recurring | null {
  return rrule === null || duration === null || timeZone === null
    ? null
    : recurringOf({ startsAt, rrule, duration, timeZone })
}
