import { LRUCache } from 'lru-cache'
import { Temporal } from 'temporal-polyfill'
import { DAY_MS } from './calendar-day.js'
import type { LocalTime } from './rule-periods.js'

/** A stretch of time in which the clocks of a zone are not set. */
interface Span {
  readonly from: number
  /** Its end, not included. */
  readonly to: number
  readonly offset: number
}

/** So many stretches of a zone are remembered, which is centuries. */
const REMEMBERED_SPANS = 1_000
const LONGEST_NAME = 64
/** IANA names alone: not an offset such as `+01:00`, which has no rules, and none of the other texts that Temporal takes. */
const NAME = /^[A-Za-z][A-Za-z0-9_+-]*(\/[A-Za-z0-9_+-]+)*$/

/**
 * The clocks of a time zone. Each stretch between two settings is looked up once: asking Temporal takes a hundred times
 * longer than a judgement may.
 */
export class ZoneClock {
  /** In order, without those that nobody asked for. */
  private spans: Span[] = []

  /** @throws RangeError when there is no such zone */
  constructor(private readonly timeZone: string) {
    if (timeZone.length > LONGEST_NAME || !NAME.test(timeZone)) throw unknown(timeZone)
    try {
      this.offsetAt(0)
    } catch (error) {
      if (error instanceof RangeError) throw unknown(timeZone)
      throw error
    }
  }

  /** By how many milliseconds local clocks are ahead of UTC at a time. */
  offsetAt(time: number): number {
    let low = 0
    let high = this.spans.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const span = this.spans[middle]
      if (span === undefined) break
      if (time < span.from) high = middle
      else if (time >= span.to) low = middle + 1
      else return span.offset
    }
    const span = this.findSpan(time)
    if (this.spans.length >= REMEMBERED_SPANS) this.spans = [span]
    else this.spans.splice(low, 0, span)
    return span.offset
  }

  /** By how much clocks were set in the day up to a time, forward or backward. */
  changeBefore(time: number): number {
    return this.offsetAt(time) - this.offsetAt(time - DAY_MS)
  }

  toLocal(time: number): LocalTime {
    return time + this.offsetAt(time)
  }

  /**
   * When clocks show a local time. One that they pass over counts as if they had not been set forward, and of one that
   * comes twice the first one counts (RFC 5545, section 3.3.5).
   */
  toTime(local: LocalTime): number {
    const before = this.offsetAt(local - DAY_MS)
    const after = this.offsetAt(local + DAY_MS)
    if (this.toLocal(local - before) === local) return local - before
    return this.toLocal(local - after) === local ? local - after : local - before
  }

  private findSpan(time: number): Span {
    const at = Temporal.Instant.fromEpochMilliseconds(time).toZonedDateTimeISO(this.timeZone)
    const previous = at.add({ nanoseconds: 1 }).getTimeZoneTransition('previous')
    const next = at.getTimeZoneTransition('next')
    return {
      from: previous?.epochMilliseconds ?? Number.NEGATIVE_INFINITY,
      to: next?.epochMilliseconds ?? Number.POSITIVE_INFINITY,
      offset: at.offsetNanoseconds / 1_000_000,
    }
  }
}

/** There are about 600 names. */
const clocks = new LRUCache<string, ZoneClock>({ max: 600 })

/**
 * The clock of a zone.
 *
 * @param timeZone an IANA name, such as `Europe/Berlin`
 * @throws RangeError when there is no such zone
 */
export function zoneClock(timeZone: string): ZoneClock {
  let clock = clocks.get(timeZone)
  if (clock === undefined) {
    clock = new ZoneClock(timeZone)
    clocks.set(timeZone, clock)
  }
  return clock
}

function unknown(timeZone: string): RangeError {
  return new RangeError(
    `timeZone must be an IANA time zone such as Europe/Berlin, not "${timeZone.slice(0, LONGEST_NAME)}"`,
  )
}
