import { DAY_MS } from './calendar-day.js'
import type { RecurrenceRule } from './rrule.rules.js'
import { type LocalTime, type Occurrences, RulePeriods } from './rule-periods.js'

export const LONGEST_WINDOW_DAYS = 366
/** A window that began earlier is over, whatever clocks were set by. */
export const LOOKED_BACK_DAYS = LONGEST_WINDOW_DAYS + 1
/** So far ahead the next window is looked for: 29 February does not come for eight years at times. */
export const FOLLOWED_YEARS = 10
/** So far the windows of a COUNT are counted, which takes a look at each of these days. */
const COUNTED_YEARS = 20
const YEAR_MS = 366 * DAY_MS
/** The longest window that begins by then ends before the year 10000, which times are not written for. */
const LAST_BEGINNING: LocalTime = Date.UTC(9998, 11, 1)

/**
 * A rule in local time. Whatever it says, a question about it looks at no more days than those within which it looks for
 * an answer: periods are found by arithmetic, not by following the rule from its start.
 */
export class LocalRule {
  private readonly periods: RulePeriods
  private readonly end: LocalTime

  /** @throws RangeError when its COUNT takes too long to be reached */
  constructor(
    rule: RecurrenceRule,
    private readonly start: LocalTime,
  ) {
    this.periods = new RulePeriods(rule, start)
    const { count, until } = rule
    const end = count !== null ? this.lastOf(count) : until !== null && !until.isUtc ? until.time : LAST_BEGINNING
    this.end = Math.min(end, LAST_BEGINNING)
  }

  /** The newest occurrence at a time or before it; null: there is none in the days that are looked back. */
  last(time: LocalTime): LocalTime | null {
    const latest = Math.min(time, this.end)
    const earliest = Math.max(this.start, time - LOOKED_BACK_DAYS * DAY_MS)
    for (let period = this.periods.upTo(latest); ; period = this.periods.before(period)) {
      const occurrences = this.periods.occurrencesIn(period)
      const place = firstPlace(occurrences, occurrence => occurrence > latest) - 1
      if (place >= 0) {
        const occurrence = occurrences.at(place)
        return occurrence >= earliest ? occurrence : null
      }
      if (this.periods.begin(period) < earliest) return null
    }
  }

  /** The first occurrence after a time; null: there is none in the years that are looked at. */
  next(time: LocalTime): LocalTime | null {
    const earliest = Math.max(time + 1, this.start)
    const latest = Math.min(this.end, earliest + FOLLOWED_YEARS * YEAR_MS)
    for (let period = this.periods.from(earliest); ; period = this.periods.after(period)) {
      if (this.periods.begin(period) > latest) return null
      const occurrences = this.periods.occurrencesIn(period)
      const place = firstPlace(occurrences, occurrence => occurrence >= earliest)
      if (place < occurrences.length) {
        const occurrence = occurrences.at(place)
        return occurrence <= latest ? occurrence : null
      }
    }
  }

  /** The last one of so many occurrences. */
  private lastOf(count: number): LocalTime {
    let remaining = count
    const latest = this.start + COUNTED_YEARS * YEAR_MS
    for (let period = this.periods.from(this.start); ; period = this.periods.after(period)) {
      const begin = this.periods.begin(period)
      if (begin > LAST_BEGINNING) return LAST_BEGINNING
      if (begin > latest) {
        throw new RangeError(`rrule: COUNT must be reached within ${COUNTED_YEARS} years; say UNTIL instead`)
      }
      const occurrences = this.periods.occurrencesIn(period)
      const skipped = firstPlace(occurrences, occurrence => occurrence >= this.start)
      if (occurrences.length - skipped >= remaining) return occurrences.at(skipped + remaining - 1)
      remaining -= occurrences.length - skipped
    }
  }
}

/** The first place whose occurrence satisfies what all later ones do, too; the length when none does. */
function firstPlace({ length, at }: Occurrences, isReached: (occurrence: LocalTime) => boolean): number {
  let low = 0
  let high = length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (isReached(at(middle))) high = middle
    else low = middle + 1
  }
  return low
}
