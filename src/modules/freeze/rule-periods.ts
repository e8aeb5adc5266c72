import { type CalendarDate, type CalendarDay, DAY_MS, dateOf, dayOf, modulo, weekdayOf } from './calendar-day.js'
import type { RecurrenceRule } from './rrule.rules.js'

/** A time as local clocks show it, in milliseconds since 1 January 1970 as if they showed UTC. */
export type LocalTime = number

/** What a rule comes to in one of its periods, in order; times are found by their place without being listed. */
export interface Occurrences {
  readonly length: number
  at(place: number): LocalTime
}

/** So many periods are remembered: judgements ask about the same few again and again. */
const REMEMBERED_PERIODS = 4
const HOUR_MS = 3_600_000
const NONE: Occurrences = { length: 0, at: () => Number.NaN }

/**
 * The periods of a rule: years, months, weeks or days, numbered. A rule of hours has days, in each of which the hours
 * that its interval comes to count. Any period is found by arithmetic, however far from the first one.
 */
export class RulePeriods {
  private readonly rule: RecurrenceRule
  private readonly first: number
  private readonly interval: number
  private readonly firstHour: number
  private readonly times: readonly number[]
  private readonly months: ReadonlySet<number>
  private readonly monthDays: ReadonlySet<number>
  private readonly yearDays: ReadonlySet<number>
  private readonly weekNumbers: ReadonlySet<number>
  private readonly isOfDays: boolean
  private readonly remembered = new Map<number, Occurrences>()

  constructor(stated: RecurrenceRule, start: LocalTime) {
    const startDay = Math.floor(start / DAY_MS)
    this.rule = completed(stated, startDay)
    const { frequency, interval } = this.rule
    this.isOfDays = frequency === 'HOURLY' || frequency === 'DAILY'
    this.first = this.periodOf(startDay)
    this.interval = frequency === 'HOURLY' ? 1 : interval
    this.firstHour = Math.floor(start / HOUR_MS)
    this.times = timesOf(this.rule, start)
    this.months = new Set(this.rule.byMonth)
    this.monthDays = new Set(this.rule.byMonthDay)
    this.yearDays = new Set(this.rule.byYearDay)
    this.weekNumbers = new Set(this.rule.byWeekNumber)
  }

  /** The newest period whose occurrences may be at a time or before it. */
  upTo(time: LocalTime): number {
    // Week 1 may begin in the year before.
    const period = this.periodOf(Math.floor(time / DAY_MS)) + (this.weekNumbers.size > 0 ? 1 : 0)
    return period - modulo(period - this.first, this.interval)
  }

  /** The oldest period whose occurrences may be at a time or after it. */
  from(time: LocalTime): number {
    // The last week may end in the year after.
    const period = this.periodOf(Math.floor(time / DAY_MS)) - (this.weekNumbers.size > 0 ? 1 : 0)
    return period + modulo(this.first - period, this.interval)
  }

  before(period: number): number {
    return period - this.interval
  }

  after(period: number): number {
    return period + this.interval
  }

  /** When a period begins. */
  begin(period: number): LocalTime {
    return this.daysOf(period).first * DAY_MS
  }

  occurrencesIn(period: number): Occurrences {
    let occurrences = this.remembered.get(period)
    if (occurrences === undefined) {
      occurrences = this.find(period)
      // Of days without any there are many, each found as fast as it is remembered.
      if (occurrences !== NONE || !this.isOfDays) {
        for (const oldest of this.remembered.keys()) {
          if (this.remembered.size < REMEMBERED_PERIODS) break
          this.remembered.delete(oldest)
        }
        this.remembered.set(period, occurrences)
      }
    }
    return occurrences
  }

  private find(period: number): Occurrences {
    const { frequency, bySetPosition } = this.rule
    const { first, last } = this.daysOf(period)
    const days: CalendarDay[] = []
    for (let day = first; day <= last; day += 1) if (this.isMatch(day, period, first)) days.push(day)
    if (days.length === 0) return NONE
    const times = frequency === 'HOURLY' ? this.timesOn(first) : this.times
    if (times.length === 0) return NONE
    const all: Occurrences = {
      length: days.length * times.length,
      at: place => (days[Math.floor(place / times.length)] ?? 0) * DAY_MS + (times[place % times.length] ?? 0),
    }
    if (bySetPosition.length === 0 || frequency === 'HOURLY') return all
    const places = placesOf(bySetPosition, all.length)
    return { length: places.length, at: place => all.at(places[place] ?? 0) }
  }

  private isMatch(day: CalendarDay, period: number, first: CalendarDay): boolean {
    const date = dateOf(day)
    if (this.months.size > 0 && !this.months.has(date.month)) return false
    if (this.monthDays.size > 0 && !hasPlace(this.monthDays, date.dayOfMonth, lengthOfMonth(date))) return false
    if (this.yearDays.size > 0 && !hasPlace(this.yearDays, day - dayOf(date.year, 1, 1) + 1, lengthOfYear(date.year))) {
      return false
    }
    if (this.weekNumbers.size > 0) {
      const weeks = (this.firstDayOfWeeks(period + 1) - first) / 7
      if (!hasPlace(this.weekNumbers, Math.floor((day - first) / 7) + 1, weeks)) return false
    }
    return this.rule.byDay.length === 0 || this.isOnWeekday(day, date)
  }

  private isOnWeekday(day: CalendarDay, date: CalendarDate): boolean {
    const weekday = weekdayOf(day)
    const { frequency, byDay, byMonth } = this.rule
    return byDay.some(({ weekday: wanted, ordinal }) => {
      if (wanted !== weekday || ordinal === null) return wanted === weekday
      const isOfMonth = frequency === 'MONTHLY' || byMonth.length > 0
      const place = isOfMonth ? date.dayOfMonth : day - dayOf(date.year, 1, 1) + 1
      const length = isOfMonth ? lengthOfMonth(date) : lengthOfYear(date.year)
      return ordinal === (ordinal > 0 ? Math.ceil(place / 7) : -Math.ceil((length - place + 1) / 7))
    })
  }

  private periodOf(day: CalendarDay): number {
    switch (this.rule.frequency) {
      case 'YEARLY':
        return dateOf(day).year
      case 'MONTHLY': {
        const { year, month } = dateOf(day)
        return year * 12 + month - 1
      }
      case 'WEEKLY':
        return Math.floor((day + 3 - this.rule.weekStart) / 7)
      default:
        return day
    }
  }

  /** A year whose weeks are numbered is that of its weeks. */
  private daysOf(period: number): { readonly first: CalendarDay; readonly last: CalendarDay } {
    switch (this.rule.frequency) {
      case 'YEARLY':
        return this.rule.byWeekNumber.length > 0
          ? { first: this.firstDayOfWeeks(period), last: this.firstDayOfWeeks(period + 1) - 1 }
          : { first: dayOf(period, 1, 1), last: dayOf(period + 1, 1, 1) - 1 }
      case 'MONTHLY':
        return { first: firstDayOfMonth(period), last: firstDayOfMonth(period + 1) - 1 }
      case 'WEEKLY': {
        const first = period * 7 - 3 + this.rule.weekStart
        return { first, last: first + 6 }
      }
      default:
        return { first: period, last: period }
    }
  }

  /** The day on which week 1 of a year begins: the first week of which four days are in that year. */
  private firstDayOfWeeks(year: number): CalendarDay {
    const fourth = dayOf(year, 1, 4)
    return fourth - modulo(weekdayOf(fourth) - this.rule.weekStart, 7)
  }

  /** The times of a day of which hours are counted through all days. */
  private timesOn(day: CalendarDay): readonly number[] {
    const { interval, byHour } = this.rule
    const times: number[] = []
    for (let hour = modulo(this.firstHour - day * 24, interval); hour < 24; hour += interval) {
      if (byHour.length > 0 && !byHour.includes(hour)) continue
      for (const time of this.times) times.push(hour * HOUR_MS + time)
    }
    return times
  }
}

/** A rule with what it takes from its start, since it does not say it (RFC 5545, section 3.3.10). */
function completed(rule: RecurrenceRule, startDay: CalendarDay): RecurrenceRule {
  const { month, dayOfMonth } = dateOf(startDay)
  const onWeekday = { ...rule, byDay: [{ weekday: weekdayOf(startDay), ordinal: null }] }
  const onDayOfMonth = { ...rule, byMonthDay: [dayOfMonth] }
  const { byDay, byMonthDay, byYearDay, byWeekNumber, byMonth } = rule
  switch (rule.frequency) {
    case 'YEARLY':
      if (byDay.length + byMonthDay.length + byYearDay.length > 0) return rule
      if (byWeekNumber.length > 0) return onWeekday
      return byMonth.length > 0 ? onDayOfMonth : { ...onDayOfMonth, byMonth: [month] }
    case 'MONTHLY':
      return byDay.length + byMonthDay.length > 0 ? rule : onDayOfMonth
    case 'WEEKLY':
      return byDay.length > 0 ? rule : onWeekday
    default:
      return rule
  }
}

/** The times of each day; of a rule of hours those of each hour. In order, with the fraction of a second of the start. */
function timesOf(rule: RecurrenceRule, start: LocalTime): readonly number[] {
  const fraction = modulo(start, 1_000)
  const ofStart = Math.floor(modulo(start, DAY_MS) / 1_000)
  const stated = (values: readonly number[], otherwise: number) => (values.length > 0 ? values : [otherwise])
  const isOfHours = rule.frequency === 'HOURLY'
  const times: number[] = []
  for (const hour of isOfHours ? [0] : stated(rule.byHour, Math.floor(ofStart / 3_600))) {
    for (const minute of stated(rule.byMinute, Math.floor(ofStart / 60) % 60)) {
      for (const second of stated(rule.bySecond, ofStart % 60)) {
        times.push((hour * 3_600 + minute * 60 + second) * 1_000 + fraction)
      }
    }
  }
  times.sort((one, other) => one - other)
  if (!isOfHours || rule.bySetPosition.length === 0) return times
  return placesOf(rule.bySetPosition, times.length).map(place => times[place] ?? 0)
}

/** The places that positions speak of in a list of a length, in order and each once. */
function placesOf(positions: readonly number[], length: number): number[] {
  const places = positions.map(position => (position > 0 ? position - 1 : length + position))
  return [...new Set(places)].filter(place => place >= 0 && place < length).sort((one, other) => one - other)
}

function hasPlace(places: ReadonlySet<number>, place: number, length: number): boolean {
  return places.has(place) || places.has(place - length - 1)
}

/** Months are numbered through all years. */
function firstDayOfMonth(month: number): CalendarDay {
  return dayOf(Math.floor(month / 12), (month % 12) + 1, 1)
}

function lengthOfMonth({ year, month }: CalendarDate): number {
  return month === 2 ? lengthOfYear(year) - 337 : month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}

function lengthOfYear(year: number): number {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 366 : 365
}
