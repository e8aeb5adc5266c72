/** A day of the Gregorian calendar, as the number of days since 1 January 1970. */
export type CalendarDay = number

export const DAY_MS = 86_400_000

/** The date of a day: month from 1 to 12, day of the month from 1. */
export interface CalendarDate {
  readonly year: number
  readonly month: number
  readonly dayOfMonth: number
}

/** The number of a day in a year from 100 on: `Date.UTC` takes smaller ones for those of the twentieth century. */
export function dayOf(year: number, month: number, dayOfMonth: number): CalendarDay {
  return Date.UTC(year, month - 1, dayOfMonth) / DAY_MS
}

/**
 * The date of a day, without a `Date` for each: rules look at thousands of days. Years are counted from 1 March, so that
 * the day that leap years have comes last (the algorithm `civil_from_days` of Howard Hinnant's "chrono-Compatible
 * Low-Level Date Algorithms").
 */
export function dateOf(day: CalendarDay): CalendarDate {
  const shifted = day + 719_468
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1_460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153)
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    dayOfMonth: dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1,
  }
}

/** The weekday of a day, from 0 for Monday to 6 for Sunday. */
export function weekdayOf(day: CalendarDay): number {
  return modulo(day + 3, 7)
}

/** The remainder that is never negative. */
export function modulo(value: number, divisor: number): number {
  return ((value % divisor) + divisor) % divisor
}
