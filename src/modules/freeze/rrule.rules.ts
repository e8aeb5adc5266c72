// What a recurrence rule may say (RFC 5545, section 3.3.10). The library that follows rules passes over what it does not
// know, and follows any rule for as long as that takes; so a rule is read here first.

/** The parts of a rule that was found good, in upper case. */
export type RuleParts = ReadonlyMap<string, readonly string[]>

const LONGEST_RULE = 500
/** What recurs faster is no window but a state. */
const FREQUENCIES = ['HOURLY', 'DAILY', 'WEEKLY', 'MONTHLY', 'YEARLY']
/** A rule has at most this many windows a day: one each half hour. */
const MOST_A_DAY = 48
const MOST_WINDOWS = 1_000
const LONGEST_INTERVAL = 10_000

const WEEKDAY = /^([+-]?(?:[1-9]|[1-4][0-9]|5[0-3]))?(MO|TU|WE|TH|FR|SA|SU)$/
const UNTIL = /^([0-9]{4})(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])(T([01][0-9]|2[0-3])[0-5][0-9][0-5][0-9]Z?)?$/

interface Part {
  /** What would be right, for whoever got it wrong. */
  readonly expected: string
  readonly isList: boolean
  isValid(value: string): boolean
}

const PARTS: Readonly<Record<string, Part>> = {
  FREQ: { expected: FREQUENCIES.join(', '), isList: false, isValid: value => FREQUENCIES.includes(value) },
  INTERVAL: number(1, LONGEST_INTERVAL, { isList: false }),
  COUNT: number(1, MOST_WINDOWS, { isList: false }),
  UNTIL: { expected: 'a date such as 20261231 or a time such as 20261231T235959Z', isList: false, isValid: isTime },
  BYSECOND: number(0, 59),
  BYMINUTE: number(0, 59),
  BYHOUR: number(0, 23),
  BYDAY: { expected: 'weekdays such as MO or -1FR', isList: true, isValid: value => WEEKDAY.test(value) },
  BYMONTHDAY: number(1, 31, { isSigned: true }),
  BYYEARDAY: number(1, 366, { isSigned: true }),
  BYWEEKNO: number(1, 53, { isSigned: true }),
  BYMONTH: number(1, 12),
  BYSETPOS: number(1, 366, { isSigned: true }),
  WKST: { expected: 'one weekday such as MO', isList: false, isValid: value => /^(MO|TU|WE|TH|FR|SA|SU)$/.test(value) },
}

/**
 * Reads a rule. Letters may be of either case, as the RFC has it.
 *
 * @throws RangeError that names the part that is wrong, and what would be right
 */
export function parseRule(text: string): RuleParts {
  if (text.length > LONGEST_RULE) throw new RangeError(`rrule is longer than ${LONGEST_RULE} characters`)
  const parts = new Map<string, readonly string[]>()
  for (const part of text.toUpperCase().split(';')) {
    const [name = '', value, ...more] = part.split('=')
    const known = Object.hasOwn(PARTS, name) ? PARTS[name] : undefined
    if (known === undefined || value === undefined || more.length > 0) {
      throw new RangeError(
        `rrule must be the rule alone, of parts such as FREQ=WEEKLY;BYDAY=FR; "${part.slice(0, 40)}" is none of ${Object.keys(PARTS).join(', ')}`,
      )
    }
    if (parts.has(name)) throw new RangeError(`rrule has ${name} twice`)
    parts.set(name, readValues(name, value, known))
  }
  checkTogether(parts)
  return parts
}

function readValues(name: string, text: string, { isList, isValid, expected }: Part): readonly string[] {
  const values = isList ? text.split(',') : [text]
  const wrong = values.find(value => !isValid(value))
  if (wrong !== undefined) throw new RangeError(`rrule: ${name} must be ${expected}, not "${wrong.slice(0, 40)}"`)
  if (new Set(values).size < values.length) throw new RangeError(`rrule: ${name} has a value twice`)
  return values
}

/** Not every part goes with every other one. */
function checkTogether(parts: RuleParts): void {
  const [frequency] = parts.get('FREQ') ?? []
  if (frequency === undefined) throw new RangeError(`rrule must have FREQ: ${FREQUENCIES.join(', ')}`)
  const refuse = (name: string, why: string) => {
    if (parts.has(name)) throw new RangeError(`rrule: ${name} ${why}`)
  }
  if (parts.has('UNTIL')) refuse('COUNT', 'and UNTIL exclude each other')
  if (frequency !== 'YEARLY') refuse('BYWEEKNO', 'goes with FREQ=YEARLY only')
  if (['DAILY', 'WEEKLY', 'MONTHLY'].includes(frequency)) refuse('BYYEARDAY', `does not go with FREQ=${frequency}`)
  if (frequency === 'WEEKLY') refuse('BYMONTHDAY', 'does not go with FREQ=WEEKLY')
  const isNumbered = parts.get('BYDAY')?.some(day => day.length > 2) ?? false
  const mayBeNumbered = frequency === 'MONTHLY' || (frequency === 'YEARLY' && !parts.has('BYWEEKNO'))
  if (isNumbered && !mayBeNumbered) {
    throw new RangeError(`rrule: BYDAY has numbers only with FREQ=MONTHLY or YEARLY, and not with BYWEEKNO`)
  }
  const others = [...parts.keys()].filter(name => name.startsWith('BY') && name !== 'BYSETPOS')
  if (others.length === 0) refuse('BYSETPOS', 'needs another part that begins with BY')
  checkDensity(frequency, parts)
}

function checkDensity(frequency: string, parts: RuleParts): void {
  const interval = Number(parts.get('INTERVAL')?.[0] ?? 1)
  const hours =
    frequency === 'HOURLY' ? Math.min(parts.get('BYHOUR')?.length ?? 24, Math.ceil(24 / interval)) : undefined
  const aDay =
    (hours ?? parts.get('BYHOUR')?.length ?? 1) *
    (parts.get('BYMINUTE')?.length ?? 1) *
    (parts.get('BYSECOND')?.length ?? 1)
  if (aDay > MOST_A_DAY) throw new RangeError(`rrule recurs ${aDay} times a day; at most ${MOST_A_DAY} are possible`)
  // Hours and days are tried one after the other; where hardly any of them fits, that would not end.
  const isOfDays = frequency === 'HOURLY' || frequency === 'DAILY'
  const dates = ['BYMONTH', 'BYMONTHDAY', 'BYYEARDAY', 'BYDAY'].filter(name => parts.has(name))
  const isSparse = dates.length > 1 || parts.has('BYYEARDAY') || (frequency === 'HOURLY' && parts.has('BYMONTHDAY'))
  if (isOfDays && isSparse && !isOfMonthsAndWeekdays(dates)) {
    throw new RangeError(
      `rrule comes about too seldom for FREQ=${frequency}: with ${dates.join(' and ')}, say FREQ=MONTHLY or FREQ=YEARLY`,
    )
  }
}

/** Each month has each weekday. */
function isOfMonthsAndWeekdays(dates: readonly string[]): boolean {
  return dates.every(name => name === 'BYMONTH' || name === 'BYDAY')
}

function number(least: number, most: number, { isList = true, isSigned = false } = {}): Part {
  const digits = isSigned ? /^[+-]?[0-9]{1,3}$/ : /^[0-9]{1,5}$/
  return {
    expected: `${isList ? 'numbers' : 'a number'} from ${least} to ${most}${isSigned ? `, or from -${most} to -${least}` : ''}`,
    isList,
    isValid: value => {
      const size = Math.abs(Number(value))
      return digits.test(value) && size >= least && size <= most
    },
  }
}

function isTime(value: string): boolean {
  const [, year = '', month = '', day = ''] = UNTIL.exec(value) ?? []
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)))
  return year >= '1970' && date.getUTCDate() === Number(day)
}
