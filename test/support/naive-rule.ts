import fc from 'fast-check'
import { Temporal } from 'temporal-polyfill'

/** A recurrence rule as its parts; what is undefined is not stated. */
export interface RuleParts {
  readonly FREQ: 'HOURLY' | 'DAILY' | 'WEEKLY' | 'MONTHLY' | 'YEARLY'
  readonly INTERVAL?: number | undefined
  readonly COUNT?: number | undefined
  readonly UNTIL?: Temporal.PlainDateTime | undefined
  readonly BYSECOND?: readonly number[] | undefined
  readonly BYMINUTE?: readonly number[] | undefined
  readonly BYHOUR?: readonly number[] | undefined
  readonly BYDAY?: readonly { readonly day: string; readonly ordinal: number | null }[] | undefined
  readonly BYMONTHDAY?: readonly number[] | undefined
  readonly BYYEARDAY?: readonly number[] | undefined
  readonly BYWEEKNO?: readonly number[] | undefined
  readonly BYMONTH?: readonly number[] | undefined
  readonly BYSETPOS?: readonly number[] | undefined
  readonly WKST?: string | undefined
}

const WEEKDAYS = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU']

/** Any rule of the grammar, also of parts that do not go together. */
export function anyRule(): fc.Arbitrary<RuleParts> {
  // Rules with many parts hardly ever come about.
  const maybe = <Value>(value: fc.Arbitrary<Value>) =>
    fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: value })
  const some = (values: fc.Arbitrary<number>, maxLength = 3) =>
    maybe(fc.uniqueArray(values, { minLength: 1, maxLength }))
  const signed = (most: number) => fc.oneof(fc.integer({ min: 1, max: most }), fc.integer({ min: -most, max: -1 }))
  const weekday = fc.record({
    day: fc.constantFrom(...WEEKDAYS),
    ordinal: fc.option(fc.oneof(signed(5), signed(53)), { nil: null, freq: 2 }),
  })
  const until = fc
    .date({ min: new Date('2024-01-01T00:00:00Z'), max: new Date('2028-01-01T00:00:00Z'), noInvalidDate: true })
    .map(date => Temporal.PlainDateTime.from(date.toISOString().slice(0, 19)))
  return fc.record({
    FREQ: fc.constantFrom('HOURLY', 'DAILY', 'WEEKLY', 'MONTHLY', 'YEARLY'),
    INTERVAL: maybe(fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 6, max: 100 }))),
    COUNT: maybe(fc.integer({ min: 1, max: 40 })),
    UNTIL: maybe(until),
    BYSECOND: some(fc.integer({ min: 0, max: 59 }), 2),
    BYMINUTE: some(fc.integer({ min: 0, max: 59 })),
    BYHOUR: some(fc.integer({ min: 0, max: 23 })),
    BYDAY: maybe(fc.uniqueArray(weekday, { minLength: 1, maxLength: 4, selector: day => JSON.stringify(day) })),
    BYMONTHDAY: some(signed(31)),
    BYYEARDAY: some(signed(366), 20),
    BYWEEKNO: some(signed(53), 8),
    BYMONTH: some(fc.integer({ min: 1, max: 12 })),
    BYSETPOS: some(signed(8)),
    WKST: maybe(fc.constantFrom(...WEEKDAYS)),
  })
}

/** A rule as RFC 5545 writes it. */
export function textOf(parts: RuleParts): string {
  const texts = Object.entries(parts).filter(([, value]) => value !== undefined)
  return texts.map(([name, value]) => `${name}=${textOfValue(value)}`).join(';')
}

function textOfValue(value: RuleParts[keyof RuleParts]): string {
  if (value instanceof Temporal.PlainDateTime) return value.toString({ smallestUnit: 'second' }).replace(/[-:]/g, '')
  if (!Array.isArray(value)) return String(value)
  return value.map(item => (typeof item === 'number' ? item : `${item.ordinal ?? ''}${item.day}`)).join()
}

/** Any rule of parts that go together. */
export function anyGoodRule(): fc.Arbitrary<RuleParts> {
  return anyRule().map(parts => {
    const { FREQ } = parts
    const isOfMonths = FREQ === 'MONTHLY' || (FREQ === 'YEARLY' && parts.BYWEEKNO === undefined)
    const good = {
      ...parts,
      COUNT: parts.UNTIL === undefined ? parts.COUNT : undefined,
      BYDAY: parts.BYDAY?.map(({ day, ordinal }, place) => ({
        day: isOfMonths ? day : (WEEKDAYS[place] ?? day),
        ordinal: isOfMonths ? ordinal : null,
      })),
      BYMONTHDAY: FREQ === 'WEEKLY' ? undefined : parts.BYMONTHDAY,
      BYYEARDAY: FREQ === 'HOURLY' || FREQ === 'YEARLY' ? parts.BYYEARDAY : undefined,
      BYWEEKNO: FREQ === 'YEARLY' ? parts.BYWEEKNO : undefined,
    }
    const isLimited = Object.keys(good).some(
      name => name.startsWith('BY') && name !== 'BYSETPOS' && good[name as keyof RuleParts] !== undefined,
    )
    return isLimited ? good : { ...good, BYSETPOS: undefined }
  })
}

/** A day as the calendar has it. */
interface Day {
  readonly index: number
  readonly weekday: string
  readonly year: number
  readonly month: number
  readonly dayOfMonth: number
  readonly daysInMonth: number
  readonly dayOfYear: number
  readonly daysInYear: number
}

const FIRST_DAY = Temporal.PlainDate.from('2022-01-01')
const FIRST_MS = Date.UTC(2022, 0, 1)
/** The days that rules are followed on, one after the other; Temporal is slow to make them. */
const DAYS: readonly Day[] = Array.from({ length: 9 * 366 }, (_, index) => {
  const date = FIRST_DAY.add({ days: index })
  const { year, month, day: dayOfMonth, daysInMonth, dayOfYear, daysInYear } = date
  const weekday = WEEKDAYS[date.dayOfWeek - 1] ?? ''
  return { index, weekday, year, month, dayOfMonth, daysInMonth, dayOfYear, daysInYear }
})

function dayAt(index: number): Day {
  const day = DAYS[index]
  if (day === undefined) throw new Error('Rules are followed on no such day')
  return day
}

/**
 * All that a rule comes to from its start to about a year after the end of a day, found by asking of each hour of each
 * day whether it fits. It shares nothing with the code that it judges but the words of the RFC.
 */
export function naiveOccurrences(rule: RuleParts, start: Temporal.PlainDateTime, end: Temporal.PlainDate): number[] {
  const indexOf = (date: Temporal.PlainDate) => FIRST_DAY.until(date, { largestUnit: 'days' }).days
  const startDay = dayAt(indexOf(start.toPlainDate()))
  const found: { readonly time: number; readonly period: number }[] = []
  // A position counts in the whole of the first period, and of the last.
  for (let index = startDay.index - 380; index <= indexOf(end) + 380; index += 1) {
    const day = dayAt(index)
    if (!fitsDay(rule, startDay, day)) continue
    for (let hour = 0; hour < 24; hour += 1) {
      const period = periodOf(rule, day, hour)
      if ((period - periodOf(rule, startDay, start.hour)) % (rule.INTERVAL ?? 1) !== 0) continue
      if (!(rule.BYHOUR ?? (rule.FREQ === 'HOURLY' ? [hour] : [start.hour])).includes(hour)) continue
      for (const minute of rule.BYMINUTE ?? [start.minute]) {
        for (const second of rule.BYSECOND ?? [start.second]) {
          found.push({ time: FIRST_MS + (((day.index * 24 + hour) * 60 + minute) * 60 + second) * 1_000, period })
        }
      }
    }
  }
  found.sort((one, other) => one.time - other.time)
  const chosen = rule.BYSETPOS === undefined ? found : chosenOf(found, rule.BYSETPOS)
  const until = rule.UNTIL === undefined ? Number.POSITIVE_INFINITY : millisecondsOf(rule.UNTIL)
  const times = chosen.map(({ time }) => time).filter(time => time >= millisecondsOf(start) && time <= until)
  return times.slice(0, rule.COUNT)
}

/** A local time in milliseconds, as if clocks showed UTC. */
export function millisecondsOf(local: Temporal.PlainDateTime): number {
  return Date.parse(`${local.toString()}Z`)
}

function chosenOf<Found extends { readonly period: number }>(found: readonly Found[], positions: readonly number[]) {
  const periods = new Map<number, Found[]>()
  for (const one of found) {
    const all = periods.get(one.period)
    if (all === undefined) periods.set(one.period, [one])
    else all.push(one)
  }
  return [...periods.values()].flatMap(all =>
    all.filter((_, place) => positions.includes(place + 1) || positions.includes(place - all.length)),
  )
}

function fitsDay(rule: RuleParts, start: Day, day: Day): boolean {
  const { FREQ, BYDAY, BYMONTHDAY, BYYEARDAY, BYWEEKNO, BYMONTH } = rule
  const isOneOf = (values: readonly number[], place: number, length: number) =>
    values.includes(place) || values.includes(place - length - 1)
  if (BYMONTH !== undefined && !BYMONTH.includes(day.month)) return false
  if (BYMONTHDAY !== undefined && !isOneOf(BYMONTHDAY, day.dayOfMonth, day.daysInMonth)) return false
  if (BYYEARDAY !== undefined && !isOneOf(BYYEARDAY, day.dayOfYear, day.daysInYear)) return false
  if (BYWEEKNO !== undefined) {
    const { week, weeks } = weekOf(rule, day)
    if (!isOneOf(BYWEEKNO, week, weeks)) return false
  }
  if (BYDAY !== undefined) return BYDAY.some(wanted => fitsWeekday(rule, wanted, day))
  if (BYMONTHDAY !== undefined || BYYEARDAY !== undefined) return true
  const isWeekly = FREQ === 'WEEKLY' || (FREQ === 'YEARLY' && BYWEEKNO !== undefined)
  if (isWeekly) return day.weekday === start.weekday
  if (FREQ !== 'MONTHLY' && FREQ !== 'YEARLY') return true
  const isMonth = FREQ === 'MONTHLY' || BYMONTH !== undefined || day.month === start.month
  return isMonth && day.dayOfMonth === start.dayOfMonth
}

function fitsWeekday(
  { FREQ, BYMONTH }: RuleParts,
  { day: name, ordinal }: { readonly day: string; readonly ordinal: number | null },
  day: Day,
): boolean {
  if (day.weekday !== name) return false
  if (ordinal === null) return true
  const isOfMonth = FREQ === 'MONTHLY' || BYMONTH !== undefined
  const isSame = (other: Day) => other.year === day.year && (!isOfMonth || other.month === day.month)
  // Walks to the edge of the month or year, week by week, and counts.
  const step = ordinal > 0 ? -7 : 7
  let count = 0
  for (let other = day; isSame(other); other = dayAt(other.index + step)) count += 1
  return count === Math.abs(ordinal)
}

/** A number for the period that a time is in, one more for each. */
function periodOf(rule: RuleParts, day: Day, hour: number): number {
  switch (rule.FREQ) {
    case 'HOURLY':
      return day.index * 24 + hour
    case 'DAILY':
      return day.index
    case 'WEEKLY':
      return Math.floor(weekBegin(rule, day).index / 7)
    case 'MONTHLY':
      return day.year * 12 + day.month
    case 'YEARLY':
      return rule.BYWEEKNO === undefined ? day.year : weekOf(rule, day).year
  }
}

function weekBegin({ WKST = 'MO' }: RuleParts, day: Day): Day {
  let begin = day
  while (begin.weekday !== WKST) begin = dayAt(begin.index - 1)
  return begin
}

/** The week of a day: it belongs to the year that has four days of it or more. */
function weekOf(rule: RuleParts, day: Day): { week: number; weeks: number; year: number } {
  const yearOf = (begin: Day) => dayAt(begin.index + 3).year
  const begin = weekBegin(rule, day)
  const year = yearOf(begin)
  const count = (step: number) => {
    let weeks = 0
    for (let other = begin; yearOf(other) === year; other = dayAt(other.index + step)) weeks += 1
    return weeks
  }
  const week = count(-7)
  return { week, weeks: week + count(7) - 1, year }
}
