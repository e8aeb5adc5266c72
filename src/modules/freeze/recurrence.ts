import { LRUCache } from 'lru-cache'
import { RRuleTemporal } from 'rrule-temporal'
import { Temporal } from 'temporal-polyfill'
import { parseRule } from './rrule.rules.js'

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
 * A window is looked for in this many steps, of about a tenth of a millisecond, and a rule that comes about more seldom
 * is refused: nothing else is answered meanwhile.
 */
const MOST_STEPS = 10_000
/** So that the window before a time is found, a rule is followed from this long before it. */
const FOLLOWED_DAYS = 800
/** Clocks are never set by more than this, so that local times are off by less when days are longer or shorter. */
const LARGEST_CLOCK_CHANGE = { hours: 3 }

type LocalRule = RRuleTemporal<Temporal.ZonedDateTime>

/**
 * The windows of a recurrence. The rule is followed in local time, and each local time then found in its zone: one that
 * clocks pass over counts as if they had not been set forward, and of one that comes twice the first one counts
 * (RFC 5545, section 3.3.5). A window whose beginning falls into such an hour is thus neither lost nor doubled.
 */
export class Recurring {
  private readonly rule: LocalRule
  private readonly duration: Temporal.Duration
  private nearby: { readonly steps: number; readonly rule: LocalRule } | undefined

  /** @throws RangeError that says what is wrong with the recurrence */
  constructor(private readonly recurrence: Recurrence) {
    this.duration = parseDuration(recurrence.duration)
    this.rule = inLocalTime(recurrence)
  }

  /** The newest window that has begun by a time; null when none has. */
  last(time: Date): Window | null {
    const until = this.local(time).add(LARGEST_CLOCK_CHANGE)
    return this.lastOf(this.near(until), time, until) ?? this.lastOf(this.rule, time, until)
  }

  /** The first window that begins after a time; null when none does. */
  next(time: Date): Window | null {
    const after = this.local(time).subtract(LARGEST_CLOCK_CHANGE)
    const rule = this.near(after)
    let local = rule.next(after)
    while (local !== null) {
      const window = this.window(local)
      if (window.startsAt > time) return window
      local = rule.next(local)
    }
    return null
  }

  private lastOf(rule: LocalRule, time: Date, until: Temporal.ZonedDateTime): Window | null {
    let local = rule.previous(until, true)
    while (local !== null) {
      const window = this.window(local)
      if (window.startsAt <= time) return window
      local = rule.previous(local)
    }
    return null
  }

  /**
   * The same rule, begun not long before a local time: what lies between would be followed each time, more of it with
   * every year. The new beginning is one that the rule itself comes to, so that nothing else changes.
   */
  private near(local: Temporal.ZonedDateTime): LocalRule {
    const { freq, interval = 1, count, dtstart } = this.rule.options()
    const days = freq === 'DAILY' ? interval : freq === 'WEEKLY' ? 7 * interval : null
    if (days === null || count !== undefined || dtstart === undefined) return this.rule
    const passed = Math.floor(dtstart.until(local, { largestUnit: 'days' }).days - FOLLOWED_DAYS)
    const steps = Math.floor(passed / days)
    if (steps <= 0) return this.rule
    if (this.nearby === undefined || Math.abs(steps - this.nearby.steps) * days > FOLLOWED_DAYS / 2) {
      const rule = new RRuleTemporal({
        ...this.rule.options(),
        dtstart: dtstart.add({ days: steps * days }),
        temporal: Temporal,
      })
      this.nearby = { steps, rule }
    }
    return this.nearby.rule
  }

  /** A time as the clocks of the zone show it, which is what the rule is about. */
  private local(time: Date): Temporal.ZonedDateTime {
    return floating(zoned(time, this.recurrence.timeZone))
  }

  private window(local: Temporal.ZonedDateTime): Window {
    const start = local.toPlainDateTime().toZonedDateTime(this.recurrence.timeZone, { disambiguation: 'compatible' })
    return { startsAt: toDate(start), endsAt: toDate(start.add(this.duration)) }
  }
}

/** Rules that were read before; the same freezes are judged again and again. */
const known = new LRUCache<string, Recurring>({ max: 1_000 })

/** The windows of a recurrence that was found good when it was stored. */
export function recurringOf(recurrence: Recurrence): Recurring {
  const key = JSON.stringify(recurrence)
  let recurring = known.get(key)
  if (recurring === undefined) {
    recurring = new Recurring(recurrence)
    known.set(key, recurring)
  }
  return recurring
}

function parseDuration(text: string): Temporal.Duration {
  let duration: Temporal.Duration
  try {
    duration = Temporal.Duration.from(text)
  } catch {
    throw new RangeError(`duration must be an ISO 8601 duration such as PT62H or P2DT14H, not "${text}"`)
  }
  const { years, months, sign } = duration
  const longest = Temporal.Duration.from({ days: 366 })
  if (
    sign !== 1 ||
    years > 0 ||
    months > 0 ||
    Temporal.Duration.compare(duration, longest, { relativeTo: SOME_DAY }) > 0
  ) {
    throw new RangeError('duration must be of weeks, days, hours, minutes and seconds, and of 366 days at most')
  }
  return duration
}

const SOME_DAY = Temporal.PlainDate.from('2026-01-01')

function inLocalTime({ startsAt, rrule, timeZone }: Recurrence): RRuleTemporal<Temporal.ZonedDateTime> {
  parseRule(rrule)
  let start: Temporal.ZonedDateTime
  try {
    start = zoned(startsAt, timeZone)
  } catch {
    throw new RangeError(`timeZone must be an IANA time zone such as Europe/Berlin, not "${timeZone}"`)
  }
  let stated: ReturnType<RRuleTemporal<Temporal.ZonedDateTime>['options']>
  try {
    stated = new RRuleTemporal({ rruleString: rrule.toUpperCase(), dtstart: start, temporal: Temporal }).options()
  } catch (error) {
    throw new RangeError(`rrule must be an RFC 5545 rule: ${(error as Error).message}`)
  }
  const { until, ...rest } = stated
  return new RRuleTemporal({
    ...rest,
    ...(until && { until: floating(until.withTimeZone(timeZone)) }),
    dtstart: floating(start),
    tzid: 'UTC',
    maxIterations: MOST_STEPS,
    temporal: Temporal,
  })
}

function zoned(time: Date, timeZone: string): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(time.getTime()).toZonedDateTimeISO(timeZone)
}

/** The same local time in a zone whose clocks are never set. */
function floating(time: Temporal.ZonedDateTime): Temporal.ZonedDateTime {
  return time.toPlainDateTime().toZonedDateTime('UTC')
}

function toDate(time: Temporal.ZonedDateTime): Date {
  return new Date(time.epochMilliseconds)
}
