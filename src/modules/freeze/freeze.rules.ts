import { recurringOf, type Window } from './recurrence.js'

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

/** The window in which a freeze binds at a time; null when it does not. */
export function windowAt(freeze: FreezeTimes, time: Date): FreezeWindow | null {
  if (freeze.liftedAt !== null || time < freeze.startsAt || (freeze.endsAt !== null && time >= freeze.endsAt))
    return null
  const recurring = windowsOf(freeze)
  if (recurring === null) return freeze
  if (freeze.suspendedUntil !== null && time < freeze.suspendedUntil) return null
  const window = recurring.last(time)
  return window === null || window.endsAt <= time ? null : within(window, freeze)
}

/** The next window of a freeze that begins after a time; null when none does. */
export function windowAfter(freeze: FreezeTimes, time: Date): FreezeWindow | null {
  if (freeze.liftedAt !== null) return null
  const recurring = windowsOf(freeze)
  if (recurring === null) return time < freeze.startsAt ? freeze : null
  const window = recurring.next(time)
  return window === null || (freeze.endsAt !== null && window.startsAt >= freeze.endsAt) ? null : within(window, freeze)
}

/**
 * From when on none of several freezes binds, at the earliest at `time`; windows that touch one another are followed to
 * their common end. Null: not before one of them is lifted.
 */
export function thawsAt(freezes: readonly FreezeTimes[], time: Date): Date | null {
  let thaw = time
  for (let length = 0; length < LONGEST_CHAIN; length += 1) {
    const windows = freezes.map(freeze => windowAt(freeze, thaw)).filter(window => window !== null)
    if (windows.length === 0) return thaw
    const ends = windows.map(({ endsAt }) => endsAt?.getTime() ?? Number.POSITIVE_INFINITY)
    const last = Math.max(...ends)
    if (!Number.isFinite(last)) return null
    thaw = new Date(last)
  }
  return null
}

function within(window: Window, { endsAt }: FreezeTimes): FreezeWindow {
  return endsAt !== null && endsAt < window.endsAt ? { ...window, endsAt } : window
}

function windowsOf({ startsAt, rrule, duration, timeZone }: FreezeTimes) {
  return rrule === null || duration === null || timeZone === null
    ? null
    : recurringOf({ startsAt, rrule, duration, timeZone })
}
