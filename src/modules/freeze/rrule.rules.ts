// Reads recurrence rules by the grammar of RFC 5545, section 3.3.10. What a rule says is taken as it is meant or refused
// by name: a part that were passed over would have a freeze bind at other times than its author believes.

const FREQUENCIES = ['HOURLY', 'DAILY', 'WEEKLY', 'MONTHLY', 'YEARLY'] as const
/** SECONDLY and MINUTELY are left out: what recurs that fast is a state, not a window. */
type Frequency = (typeof FREQUENCIES)[number]

/** A weekday, from 0 for Monday to 6 for Sunday, and which one of the month or year; null: each. */
interface NumberedWeekday {
  readonly weekday: number
  readonly ordinal: number | null
}

/** The last time at which a window may begin, in milliseconds since 1970 in UTC or as local clocks show it. */
interface Until {
  readonly time: number
  readonly isUtc: boolean
}

/** A rule that was read. A list that is empty was not stated. */
export interface RecurrenceRule {
  readonly frequency: Frequency
  readonly interval: number
  readonly count: number | null
  readonly until: Until | null
  readonly bySecond: readonly number[]
  readonly byMinute: readonly number[]
  readonly byHour: readonly number[]
  readonly byDay: readonly NumberedWeekday[]
  readonly byMonthDay: readonly number[]
  readonly byYearDay: readonly number[]
  readonly byWeekNumber: readonly number[]
  readonly byMonth: readonly number[]
  readonly bySetPosition: readonly number[]
  /** The weekday that weeks begin with, 0 for Monday. */
  readonly weekStart: number
}

/** Room for each weekday, hour and month to be listed, and more. */
const LONGEST_RULE = 500
/** What recurs more often in a day is a state, not a window: this is one each half hour. */
const MOST_WINDOWS_A_DAY = 48
/** More than a year of hours. Beyond it nobody can tell any more which hour is meant. */
const LARGEST_INTERVAL = 10_000
const LARGEST_COUNT = 1_000_000
/** How much is quoted of what is wrong. */
const LONGEST_QUOTE = 40

const PART_NAMES = [
  ...(['FREQ', 'INTERVAL', 'COUNT', 'UNTIL', 'BYSECOND', 'BYMINUTE', 'BYHOUR', 'BYDAY', 'BYMONTHDAY'] as const),
  ...(['BYYEARDAY', 'BYWEEKNO', 'BYMONTH', 'BYSETPOS', 'WKST'] as const),
]
type PartName = (typeof PART_NAMES)[number]
type Parts = ReadonlyMap<PartName, string>

const WEEKDAYS = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU']
const NUMBERED_WEEKDAY = /^([+-]?[0-9]{1,2})?(MO|TU|WE|TH|FR|SA|SU)$/
const LARGEST_WEEK = 53
const UNTIL = /^([0-9]{4})([0-9]{2})([0-9]{2})(?:T([0-9]{2})([0-9]{2})([0-9]{2})(Z?))?$/

/**
 * Reads a rule. Letters may be of either case and parts in any order, as the RFC has it; numbers may have leading zeros,
 * and a plus sign where they may have a minus sign. An UNTIL in UTC is a moment; one without `Z` is a time of the
 * recurrence's own zone, and a mere date is that whole day.
 *
 * @throws RangeError that names the part that is wrong, and what would be right
 */
export function parseRule(text: string): RecurrenceRule {
  const parts = splitParts(text)
  const rule: RecurrenceRule = {
    frequency: readFrequency(parts),
    interval: readNumber(parts, 'INTERVAL', 1, LARGEST_INTERVAL) ?? 1,
    count: readNumber(parts, 'COUNT', 1, LARGEST_COUNT),
    until: readUntil(parts),
    bySecond: readNumbers(parts, 'BYSECOND', 0, 59),
    byMinute: readNumbers(parts, 'BYMINUTE', 0, 59),
    byHour: readNumbers(parts, 'BYHOUR', 0, 23),
    byDay: readWeekdays(parts),
    byMonthDay: readSignedNumbers(parts, 'BYMONTHDAY', 31),
    byYearDay: readSignedNumbers(parts, 'BYYEARDAY', 366),
    byWeekNumber: readSignedNumbers(parts, 'BYWEEKNO', LARGEST_WEEK),
    byMonth: readNumbers(parts, 'BYMONTH', 1, 12),
    bySetPosition: readSignedNumbers(parts, 'BYSETPOS', 366),
    weekStart: readWeekStart(parts),
  }
  checkTogether(parts, rule)
  return rule
}

/**
 * Checks that a rule has no more windows than a freeze may have. What was stored before there was a limit is followed all
 * the same.
 *
 * @throws RangeError that says how many it has, and how many it may have
 */
export function checkDensity(rule: RecurrenceRule): void {
  const { frequency, interval, byHour, byMinute, bySecond, bySetPosition } = rule
  const stated = (values: readonly number[]) => Math.max(values.length, 1)
  const chosen = (times: number) => (bySetPosition.length === 0 ? times : Math.min(times, bySetPosition.length))
  const withinHour = stated(byMinute) * stated(bySecond)
  const windows =
    frequency === 'HOURLY'
      ? Math.min(byHour.length === 0 ? 24 : byHour.length, Math.ceil(24 / interval)) * chosen(withinHour)
      : chosen(stated(byHour) * withinHour)
  if (windows > MOST_WINDOWS_A_DAY) {
    throw new RangeError(`rrule recurs ${windows} times a day; at most ${MOST_WINDOWS_A_DAY} are possible`)
  }
}

function splitParts(text: string): Parts {
  if (text.length > LONGEST_RULE) throw new RangeError(`rrule is longer than ${LONGEST_RULE} characters`)
  const parts = new Map<PartName, string>()
  for (const part of text.split(';')) {
    const equals = part.indexOf('=')
    const name = PART_NAMES.find(known => known === upperCase(part.slice(0, Math.max(equals, 0))))
    if (name === undefined) {
      const known = PART_NAMES.join(', ')
      throw new RangeError(
        `rrule must be the rule alone, of parts such as FREQ=WEEKLY;BYDAY=FR; ${quote(part)} is none of ${known}`,
      )
    }
    if (parts.has(name)) throw new RangeError(`rrule has ${name} twice`)
    parts.set(name, upperCase(part.slice(equals + 1)))
  }
  return parts
}

/** Of letters of ASCII alone: `toUpperCase` makes others into some of ASCII, such as the dotless i. */
function upperCase(text: string): string {
  return text.replace(/[a-z]+/g, letters => letters.toUpperCase())
}

function readFrequency(parts: Parts): Frequency {
  const text = parts.get('FREQ')
  if (text === undefined) throw new RangeError(`rrule must have FREQ: ${FREQUENCIES.join(', ')}`)
  return FREQUENCIES.find(known => known === text) ?? refuse('FREQ', FREQUENCIES.join(', '), text)
}

function readNumber(parts: Parts, name: PartName, least: number, most: number): number | null {
  const text = parts.get(name)
  if (text === undefined) return null
  const number = /^[0-9]+$/.test(text) ? Number(text) : Number.NaN
  return number >= least && number <= most ? number : refuse(name, `a number from ${least} to ${most}`, text)
}

function readNumbers(parts: Parts, name: PartName, least: number, most: number): number[] {
  return readList(parts, name, `numbers from ${least} to ${most}`, text => {
    const number = /^[0-9]{1,2}$/.test(text) ? Number(text) : Number.NaN
    return number >= least && number <= most ? number : null
  })
}

/** Numbers that count from the beginning, or from the end where they are negative. */
function readSignedNumbers(parts: Parts, name: PartName, most: number): number[] {
  const digits = new RegExp(`^[+-]?[0-9]{1,${String(most).length}}$`)
  return readList(parts, name, `numbers from 1 to ${most}, or from -${most} to -1`, text => {
    const number = digits.test(text) ? Number(text) : Number.NaN
    return Math.abs(number) >= 1 && Math.abs(number) <= most ? number : null
  })
}

function readWeekdays(parts: Parts): NumberedWeekday[] {
  const read = (text: string) => {
    const [, ordinal, name] = NUMBERED_WEEKDAY.exec(text) ?? []
    if (name === undefined) return null
    const number = ordinal === undefined ? null : Number(ordinal)
    if (number !== null && (number === 0 || Math.abs(number) > LARGEST_WEEK)) return null
    return { weekday: WEEKDAYS.indexOf(name), ordinal: number }
  }
  return readList(parts, 'BYDAY', 'weekdays such as MO or -1FR', read)
}

function readWeekStart(parts: Parts): number {
  const text = parts.get('WKST') ?? 'MO'
  const weekday = WEEKDAYS.indexOf(text)
  return weekday >= 0 ? weekday : refuse('WKST', 'one weekday such as MO', text)
}

function readUntil(parts: Parts): Until | null {
  const text = parts.get('UNTIL')
  if (text === undefined) return null
  const [whole, year = '', month = '', day = '', hour = '23', minute = '59', second = '59', zone] =
    UNTIL.exec(text) ?? []
  const fields = [year, month, day, hour, minute, second]
  const [y = 0, m = 0, ...rest] = fields.map(Number)
  const time = Date.UTC(y, m - 1, ...rest)
  // Days and hours that there are not, such as 31 February, become others.
  const isReal =
    whole !== undefined &&
    y >= 1970 &&
    new Date(time)
      .toISOString()
      .replace(/[^0-9]/g, '')
      .startsWith(fields.join(''))
  if (!isReal) return refuse('UNTIL', 'a date such as 20261231 or a time such as 20261231T235959Z', text)
  return { time, isUtc: zone === 'Z' }
}

/** Values that differ from one another, so that no list is longer than its range. */
function readList<Value>(
  parts: Parts,
  name: PartName,
  expected: string,
  read: (text: string) => Value | null,
): Value[] {
  const text = parts.get(name)
  if (text === undefined) return []
  const values = text.split(',').map(value => read(value) ?? refuse(name, expected, value))
  if (new Set(values.map(value => JSON.stringify(value))).size < values.length) {
    throw new RangeError(`rrule: ${name} has a value twice`)
  }
  return values
}

/** Not every part goes with every other one. */
function checkTogether(parts: Parts, { frequency, byDay }: RecurrenceRule): void {
  const refuseIf = (isRefused: boolean, name: PartName, why: string) => {
    if (isRefused && parts.has(name)) throw new RangeError(`rrule: ${name} ${why}`)
  }
  refuseIf(parts.has('UNTIL'), 'COUNT', 'and UNTIL exclude each other')
  refuseIf(frequency !== 'YEARLY', 'BYWEEKNO', 'goes with FREQ=YEARLY only')
  const isOfDays = frequency === 'DAILY' || frequency === 'WEEKLY' || frequency === 'MONTHLY'
  refuseIf(isOfDays, 'BYYEARDAY', `does not go with FREQ=${frequency}`)
  refuseIf(frequency === 'WEEKLY', 'BYMONTHDAY', 'does not go with FREQ=WEEKLY')
  const mayBeNumbered = frequency === 'MONTHLY' || (frequency === 'YEARLY' && !parts.has('BYWEEKNO'))
  const isNumbered = byDay.some(({ ordinal }) => ordinal !== null)
  refuseIf(isNumbered && !mayBeNumbered, 'BYDAY', 'has numbers only with FREQ=MONTHLY or YEARLY, and not with BYWEEKNO')
  const isAlone = ![...parts.keys()].some(name => name.startsWith('BY') && name !== 'BYSETPOS')
  refuseIf(isAlone, 'BYSETPOS', 'needs another part that begins with BY')
}

function refuse(name: PartName, expected: string, text: string): never {
  throw new RangeError(`rrule: ${name} must be ${expected}, not ${quote(text)}`)
}

function quote(text: string): string {
  return `"${text.slice(0, LONGEST_QUOTE)}"`
}
