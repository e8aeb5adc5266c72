import { Temporal } from 'temporal-polyfill'
import { DAY_MS } from './calendar-day.js'
import { LONGEST_WINDOW_DAYS } from './local-rule.js'
import type { ZoneClock } from './zone-clock.js'

/** How long a window is: days of the calendar, with 23 or 25 hours at times, and then milliseconds. */
export interface WindowLength {
  readonly days: number
  readonly milliseconds: number
}

const LONGEST_TEXT = 50

/**
 * Reads an ISO 8601 duration.
 *
 * @throws RangeError that says what would be right
 */
export function parseWindowLength(text: string): WindowLength {
  let duration: Temporal.Duration
  try {
    if (text.length > LONGEST_TEXT) throw new RangeError('too long')
    duration = Temporal.Duration.from(text)
  } catch {
    throw new RangeError(
      `duration must be an ISO 8601 duration such as PT62H or P2DT14H, not "${text.slice(0, LONGEST_TEXT)}"`,
    )
  }
  const { years, months, weeks, days, sign } = duration
  const milliseconds = duration.with({ years: 0, months: 0, weeks: 0, days: 0 }).total('milliseconds')
  const length = { days: 7 * weeks + days, milliseconds }
  const total = length.days * DAY_MS + milliseconds
  if (sign !== 1 || years > 0 || months > 0 || total > LONGEST_WINDOW_DAYS * DAY_MS) {
    throw new RangeError(
      `duration must be of weeks, days, hours, minutes and seconds, and of ${LONGEST_WINDOW_DAYS} days at most`,
    )
  }
  if (total < 1_000 || !Number.isInteger(milliseconds)) {
    throw new RangeError('duration must be a second at least, and of whole milliseconds')
  }
  return length
}

/** When a window ends that begins at a time. */
export function endOf(startsAt: number, { days, milliseconds }: WindowLength, clock: ZoneClock): number {
  const lastDay = days === 0 ? startsAt : clock.toTime(clock.toLocal(startsAt) + days * DAY_MS)
  return lastDay + milliseconds
}
