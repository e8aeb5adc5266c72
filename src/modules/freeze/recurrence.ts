import { LRUCache } from 'lru-cache'
import { FOLLOWED_YEARS, LocalRule } from './local-rule.js'
import { checkDensity, parseRule } from './rrule.rules.js'
import type { LocalTime } from './rule-periods.js'
import { endOf, parseWindowLength, type WindowLength } from './window-length.js'
import { type ZoneClock, zoneClock } from './zone-clock.js'

/** When windows recur, as RFC 5545 says it. */
export interface Recurrence {
  /** The first local time that the rule counts from (`DTSTART`). */
  readonly startsAt: Date
  /** An RFC 5545 rule without its name, such as `FREQ=WEEKLY;BYDAY=FR`. */
  readonly rrule: string
  /** How long each window is, ISO 8601. A day of it is one of the calendar, with 23 or 25 hours at times. */
  readonly duration: string
  /** IANA name, such as `Europe/Berlin`. */
  readonly timeZone: string
}

/** A stretch of time: from its start on, and not any more at its end. */
export interface Window {
  readonly startsAt: Date
  readonly endsAt: Date
}

/**
 * The windows of a recurrence. The rule is followed in local time, and each local time then found in its zone: one that
 * clocks pass over counts as if they had not been set forward, and of one that comes twice the first one counts
 * (RFC 5545, section 3.3.5). A window whose beginning falls into such an hour is thus neither lost nor doubled.
 */
export class Recurring {
  private readonly rule: LocalRule
  private readonly length: WindowLength
  private readonly clock: ZoneClock
  /** No window begins later. */
  private readonly until: number

  /** @throws RangeError that says what is wrong with the recurrence */
  constructor({ startsAt, rrule, duration, timeZone }: Recurrence) {
    const rule = parseRule(rrule)
    this.length = parseWindowLength(duration)
    this.clock = zoneClock(timeZone)
    this.rule = new LocalRule(rule, this.clock.toLocal(startsAt.getTime()))
    this.until = rule.until?.isUtc ? rule.until.time : Number.POSITIVE_INFINITY
  }

  /** The newest window that has begun by a time; null when none has, or when it has been over for a year. */
  last(time: Date): Window | null {
    const latest = Math.min(time.getTime(), this.until)
    let local = this.rule.last(latest + this.furthestOffset(latest, Math.max))
    while (local !== null && this.clock.toTime(local) > latest) local = this.rule.last(local - 1)
    if (local === null) return null
    const begun = this.clock.toTime(local)
    // One that clocks pass over begins later than it says, and may do so after the one that follows it.
    const earlier = this.neighbors(local, begun, other => this.rule.last(other - 1))
    return this.window(Math.max(begun, ...earlier.filter(start => start <= latest)))
  }

  /** The first window that begins after a time; null when none does in the years that are looked at. */
  next(time: Date): Window | null {
    const after = time.getTime()
    let local = this.rule.next(after + this.furthestOffset(after, Math.min))
    while (local !== null && this.clock.toTime(local) <= after) local = this.rule.next(local)
    if (local === null) return null
    const begins = this.clock.toTime(local)
    const later = this.neighbors(local, begins, other => this.rule.next(other))
    const first = Math.min(begins, ...later.filter(start => start > after))
    return first > this.until ? null : this.window(first)
  }

  /** When those begin whose order with a local time may be another one than that of their local times. */
  private neighbors(local: LocalTime, start: number, step: (local: LocalTime) => LocalTime | null): number[] {
    const change = Math.abs(this.clock.changeBefore(start))
    const starts: number[] = []
    if (change === 0) return starts
    for (let other = step(local); other !== null && Math.abs(other - local) < change; other = step(other)) {
      starts.push(this.clock.toTime(other))
    }
    return starts
  }

  /** Clocks that were set not long ago may show a time again, or have passed over it. */
  private furthestOffset(time: number, furthest: (one: number, other: number) => number): number {
    const offset = this.clock.offsetAt(time)
    return furthest(offset, offset - this.clock.changeBefore(time))
  }

  private window(startsAt: number): Window {
    return { startsAt: new Date(startsAt), endsAt: new Date(endOf(startsAt, this.length, this.clock)) }
  }
}

/**
 * Checks a recurrence that is to be stored. What that takes is bounded whatever the rule says.
 *
 * @throws RangeError that says what is wrong with it
 */
export function checkRecurrence(recurrence: Recurrence): void {
  checkDensity(parseRule(recurrence.rrule))
  const recurring = new Recurring(recurrence)
  if (recurring.next(new Date(recurrence.startsAt.getTime() - 1)) === null) {
    throw new RangeError(`rrule never comes about in the ${FOLLOWED_YEARS} years after startsAt`)
  }
}

/** Rules that were read before; the same freezes are judged again and again. */
const known = new LRUCache<string, { readonly recurring: Recurring | null }>({ max: 1_000 })

/**
 * The windows of a recurrence that was stored; null when it cannot be read, which can only be one that was stored before
 * rules were read strictly.
 */
export function recurringOf(recurrence: Recurrence): Recurring | null {
  const { startsAt, rrule, duration, timeZone } = recurrence
  const key = `${startsAt.getTime()} ${duration} ${timeZone} ${rrule}`
  let entry = known.get(key)
  if (entry === undefined) {
    entry = { recurring: read(recurrence) }
    known.set(key, entry)
  }
  return entry.recurring
}

function read(recurrence: Recurrence): Recurring | null {
  try {
    return new Recurring(recurrence)
  } catch (error) {
    if (error instanceof RangeError) return null
    throw error
  }
}
