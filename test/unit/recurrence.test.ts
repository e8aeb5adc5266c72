import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type FreezeTimes,
  isUnreadable,
  thawsAt,
  windowAfter,
  windowAt,
} from '../../src/modules/freeze/freeze.rules.js'
import { checkRecurrence, type Recurrence, Recurring } from '../../src/modules/freeze/recurrence.js'

const at = (text: string) => new Date(text)
const told = (window: { startsAt: Date; endsAt: Date | null } | null) =>
  window && `${window.startsAt.toISOString()} ${window.endsAt?.toISOString()}`

const WEEKEND: Recurrence = {
  startsAt: at('2026-03-06T18:00:00+01:00'),
  rrule: 'FREQ=WEEKLY;BYDAY=FR',
  duration: 'P2DT14H',
  timeZone: 'Europe/Berlin',
}
const NIGHT: Recurrence = {
  startsAt: at('2026-01-01T02:30:00+01:00'),
  rrule: 'FREQ=DAILY',
  duration: 'PT1H',
  timeZone: 'Europe/Berlin',
}

/** A recurrence, a time, and the newest window that has begun by then. */
const WINDOWS: readonly (readonly [string, Recurrence, string, string | null])[] = [
  ['before the first one', WEEKEND, '2026-03-06T16:59:59Z', null],
  ['at the first moment', WEEKEND, '2026-03-06T17:00:00Z', '2026-03-06T17:00:00.000Z 2026-03-09T07:00:00.000Z'],
  [
    'over a weekend that is an hour short, it ends at eight all the same',
    WEEKEND,
    '2026-03-29T12:00:00Z',
    '2026-03-27T17:00:00.000Z 2026-03-30T06:00:00.000Z',
  ],
  [
    'over a weekend that is an hour long',
    WEEKEND,
    '2026-10-25T12:00:00Z',
    '2026-10-23T16:00:00.000Z 2026-10-26T07:00:00.000Z',
  ],
  [
    'in hours, it is as long whatever clocks do',
    { ...WEEKEND, duration: 'PT62H' },
    '2026-03-29T12:00:00Z',
    '2026-03-27T17:00:00.000Z 2026-03-30T07:00:00.000Z',
  ],
  [
    'in the hour that clocks pass over, it begins as if they had not been set',
    NIGHT,
    '2026-03-29T01:30:00Z',
    '2026-03-29T01:30:00.000Z 2026-03-29T02:30:00.000Z',
  ],
  [
    'just before it, the one of the day before is the newest',
    NIGHT,
    '2026-03-29T01:29:59Z',
    '2026-03-28T01:30:00.000Z 2026-03-28T02:30:00.000Z',
  ],
  [
    'in the hour that comes twice, it begins at the first time',
    NIGHT,
    '2026-10-25T01:15:00Z',
    '2026-10-25T00:30:00.000Z 2026-10-25T01:30:00.000Z',
  ],
  ['and not again at the second', NIGHT, '2026-10-25T02:15:00Z', '2026-10-25T00:30:00.000Z 2026-10-25T01:30:00.000Z'],
  [
    'where clocks are set by half an hour',
    {
      startsAt: at('2026-04-01T01:45:00+11:00'),
      rrule: 'FREQ=DAILY',
      duration: 'PT1H',
      timeZone: 'Australia/Lord_Howe',
    },
    '2026-04-04T16:00:00Z',
    '2026-04-04T14:45:00.000Z 2026-04-04T15:45:00.000Z',
  ],
  [
    'where a day was left out',
    { startsAt: at('2011-12-01T12:00:00-10:00'), rrule: 'FREQ=DAILY', duration: 'PT1H', timeZone: 'Pacific/Apia' },
    '2011-12-31T00:00:00Z',
    '2011-12-30T22:00:00.000Z 2011-12-30T23:00:00.000Z',
  ],
  [
    'on the last Friday of a month',
    { ...WEEKEND, rrule: 'FREQ=MONTHLY;BYDAY=-1FR' },
    '2026-11-30T00:00:00Z',
    '2026-11-27T17:00:00.000Z 2026-11-30T07:00:00.000Z',
  ],
  [
    'every other week',
    { ...WEEKEND, rrule: 'FREQ=WEEKLY;INTERVAL=2;BYDAY=FR' },
    '2026-03-19T00:00:00Z',
    '2026-03-06T17:00:00.000Z 2026-03-09T07:00:00.000Z',
  ],
  [
    'after the last of three',
    { ...NIGHT, rrule: 'FREQ=DAILY;COUNT=3' },
    '2027-01-01T00:00:00Z',
    '2026-01-03T01:30:00.000Z 2026-01-03T02:30:00.000Z',
  ],
  [
    'after the last before a time, which counts as the zone has it',
    { ...NIGHT, rrule: 'FREQ=DAILY;UNTIL=20260103T013000Z' },
    '2027-01-01T00:00:00Z',
    '2026-01-03T01:30:00.000Z 2026-01-03T02:30:00.000Z',
  ],
  [
    'thirty years on, every hour',
    { ...NIGHT, rrule: 'FREQ=HOURLY' },
    '2056-06-01T00:45:00Z',
    '2056-06-01T00:30:00.000Z 2056-06-01T01:30:00.000Z',
  ],
]

test.each(WINDOWS)('a window %s', (_what, recurrence, time, window) => {
  expect(told(new Recurring(recurrence).last(at(time)))).toBe(window)
})

test('the next window begins after a time, and there is none after the last one', () => {
  const weekends = new Recurring({ ...WEEKEND, rrule: 'FREQ=WEEKLY;BYDAY=FR;COUNT=2' })
  expect(told(weekends.next(at('2026-01-01T00:00:00Z')))).toBe('2026-03-06T17:00:00.000Z 2026-03-09T07:00:00.000Z')
  expect(told(weekends.next(at('2026-03-06T17:00:00Z')))).toBe('2026-03-13T17:00:00.000Z 2026-03-16T07:00:00.000Z')
  expect(weekends.next(at('2026-03-13T17:00:00Z'))).toBeNull()
})

const unknown = (part: string) =>
  `rrule must be the rule alone, of parts such as FREQ=WEEKLY;BYDAY=FR; "${part}" is none of FREQ, INTERVAL, COUNT, UNTIL, ` +
  'BYSECOND, BYMINUTE, BYHOUR, BYDAY, BYMONTHDAY, BYYEARDAY, BYWEEKNO, BYMONTH, BYSETPOS, WKST'

test.each([
  [{ rrule: 'FREQ=SOMETIMES' }, 'rrule: FREQ must be HOURLY, DAILY, WEEKLY, MONTHLY, YEARLY, not "SOMETIMES"'],
  [{ rrule: 'FREQ=MINUTELY' }, 'rrule: FREQ must be HOURLY, DAILY, WEEKLY, MONTHLY, YEARLY, not "MINUTELY"'],
  [{ rrule: 'FREQ=DAILY;COUNT=x' }, 'rrule: COUNT must be a number from 1 to 1000000, not "X"'],
  [{ rrule: 'FREQ=DAILY;COUNT=999999999' }, 'rrule: COUNT must be a number from 1 to 1000000, not "999999999"'],
  [{ rrule: 'FREQ=DAILY;INTERVAL=1.5' }, 'rrule: INTERVAL must be a number from 1 to 10000, not "1.5"'],
  [{ rrule: 'FREQ=DAILY;INTERVAL=0' }, 'rrule: INTERVAL must be a number from 1 to 10000, not "0"'],
  [{ rrule: 'FREQ=WEEKLY;BYDAY=' }, 'rrule: BYDAY must be weekdays such as MO or -1FR, not ""'],
  [{ rrule: 'FREQ=WEEKLY;BYDAY=MO,MO' }, 'rrule: BYDAY has a value twice'],
  [{ rrule: 'FREQ=WEEKLY;BYDAY=MO;BYDAY=FR' }, 'rrule has BYDAY twice'],
  [
    { rrule: 'FREQ=WEEKLY;BYDAY=1MO' },
    'rrule: BYDAY has numbers only with FREQ=MONTHLY or YEARLY, and not with BYWEEKNO',
  ],
  [{ rrule: 'FREQ=YEARLY;BYMONTH=13' }, 'rrule: BYMONTH must be numbers from 1 to 12, not "13"'],
  [{ rrule: 'FREQ=DAILY;BYHOUR=24' }, 'rrule: BYHOUR must be numbers from 0 to 23, not "24"'],
  [{ rrule: 'FREQ=DAILY;BYMINUTE=60' }, 'rrule: BYMINUTE must be numbers from 0 to 59, not "60"'],
  [
    { rrule: 'FREQ=DAILY;BYHOUR=1;BYSETPOS=x' },
    'rrule: BYSETPOS must be numbers from 1 to 366, or from -366 to -1, not "X"',
  ],
  [{ rrule: 'FREQ=DAILY;BYSETPOS=1' }, 'rrule: BYSETPOS needs another part that begins with BY'],
  [
    { rrule: 'FREQ=DAILY;UNTIL=20260231' },
    'rrule: UNTIL must be a date such as 20261231 or a time such as 20261231T235959Z, not "20260231"',
  ],
  [{ rrule: 'FREQ=DAILY;UNTIL=20261231;COUNT=2' }, 'rrule: COUNT and UNTIL exclude each other'],
  [{ rrule: 'FREQ=MONTHLY;BYWEEKNO=2' }, 'rrule: BYWEEKNO goes with FREQ=YEARLY only'],
  [{ rrule: 'FREQ=DAILY;BYYEARDAY=2' }, 'rrule: BYYEARDAY does not go with FREQ=DAILY'],
  [{ rrule: 'FREQ=WEEKLY;BYMONTHDAY=2' }, 'rrule: BYMONTHDAY does not go with FREQ=WEEKLY'],
  [{ rrule: 'BYDAY=MO' }, 'rrule must have FREQ: HOURLY, DAILY, WEEKLY, MONTHLY, YEARLY'],
  [{ rrule: `FREQ=DAILY;BYHOUR=${'1,'.repeat(300)}1` }, 'rrule is longer than 500 characters'],
  [{ rrule: 'RRULE:FREQ=DAILY' }, unknown('RRULE:FREQ=DAILY')],
  [{ rrule: 'FREQ=WEEKLY;BYDAYS=FR' }, unknown('BYDAYS=FR')],
  [{ rrule: 'FREQ=DAILY;FOO=1' }, unknown('FOO=1')],
  [{ rrule: 'FREQ=DAILY;' }, unknown('')],
  [{ rrule: 'FREQ=DAILY;EXDATE=20260101' }, unknown('EXDATE=20260101')],
  [
    { rrule: 'FREQ=DAILY\nEXDATE=20260101' },
    'rrule: FREQ must be HOURLY, DAILY, WEEKLY, MONTHLY, YEARLY, not "DAILY\nEXDATE=20260101"',
  ],
  [{ rrule: '' }, unknown('')],
  [{ rrule: ' FREQ=DAILY' }, unknown(' FREQ=DAILY')],
  [{ rrule: 'FREQ=DAILY ' }, 'rrule: FREQ must be HOURLY, DAILY, WEEKLY, MONTHLY, YEARLY, not "DAILY "'],
  [{ rrule: 'FREQ=DA\u0131LY' }, 'rrule: FREQ must be HOURLY, DAILY, WEEKLY, MONTHLY, YEARLY, not "DA\u0131LY"'],
  [{ rrule: 'FREQ=SECONDLY' }, 'rrule: FREQ must be HOURLY, DAILY, WEEKLY, MONTHLY, YEARLY, not "SECONDLY"'],
  [{ rrule: 'FREQ=DAILY;COUNT=+3' }, 'rrule: COUNT must be a number from 1 to 1000000, not "+3"'],
  [{ rrule: 'FREQ=DAILY;BYHOUR=007' }, 'rrule: BYHOUR must be numbers from 0 to 23, not "007"'],
  [{ rrule: 'FREQ=DAILY;BYSECOND=60' }, 'rrule: BYSECOND must be numbers from 0 to 59, not "60"'],
  [{ rrule: 'FREQ=DAILY;BYMONTHDAY=0' }, 'rrule: BYMONTHDAY must be numbers from 1 to 31, or from -31 to -1, not "0"'],
  [{ rrule: 'FREQ=DAILY;BYMONTHDAY=1,+01' }, 'rrule: BYMONTHDAY has a value twice'],
  [{ rrule: 'FREQ=MONTHLY;BYDAY=0MO' }, 'rrule: BYDAY must be weekdays such as MO or -1FR, not "0MO"'],
  [
    { rrule: 'FREQ=YEARLY;BYWEEKNO=2;BYDAY=1MO' },
    'rrule: BYDAY has numbers only with FREQ=MONTHLY or YEARLY, and not with BYWEEKNO',
  ],
  [{ rrule: 'FREQ=WEEKLY;WKST=MO,TU' }, 'rrule: WKST must be one weekday such as MO, not "MO,TU"'],
  [
    { rrule: 'FREQ=DAILY;UNTIL=20261231T240000Z' },
    'rrule: UNTIL must be a date such as 20261231 or a time such as 20261231T235959Z, not "20261231T240000Z"',
  ],
  [
    { rrule: 'FREQ=DAILY;UNTIL=19691231T235959Z' },
    'rrule: UNTIL must be a date such as 20261231 or a time such as 20261231T235959Z, not "19691231T235959Z"',
  ],
  [{ rrule: 'FREQ=DAILY;COUNT=7322' }, 'rrule: COUNT must be reached within 20 years; say UNTIL instead'],
  [{ duration: 'PT0.5S' }, 'duration must be a second at least, and of whole milliseconds'],
  [{ duration: 'PT1.0005S' }, 'duration must be a second at least, and of whole milliseconds'],
  [
    { duration: `PT${'0'.repeat(60)}1H` },
    `duration must be an ISO 8601 duration such as PT62H or P2DT14H, not "PT${'0'.repeat(48)}"`,
  ],
  [{ timeZone: '+01:00' }, 'timeZone must be an IANA time zone such as Europe/Berlin, not "+01:00"'],
  [
    { timeZone: '2026-01-01T00:00Z[UTC]' },
    'timeZone must be an IANA time zone such as Europe/Berlin, not "2026-01-01T00:00Z[UTC]"',
  ],
  [
    { timeZone: 'Z'.repeat(1_000) },
    `timeZone must be an IANA time zone such as Europe/Berlin, not "${'Z'.repeat(64)}"`,
  ],
  [{ rrule: 'FREQ' }, unknown('FREQ')],
  [{ duration: 'two days' }, 'duration must be an ISO 8601 duration such as PT62H or P2DT14H, not "two days"'],
  [{ duration: 'P1M' }, 'duration must be of weeks, days, hours, minutes and seconds, and of 366 days at most'],
  [{ duration: '-PT1H' }, 'duration must be of weeks, days, hours, minutes and seconds, and of 366 days at most'],
  [{ duration: 'P367D' }, 'duration must be of weeks, days, hours, minutes and seconds, and of 366 days at most'],
  [{ timeZone: 'Berlin' }, 'timeZone must be an IANA time zone such as Europe/Berlin, not "Berlin"'],
])('a recurrence with %j is refused', (change, message) => {
  expect(() => new Recurring({ ...WEEKEND, ...change })).toThrow(new RangeError(message))
})

test.each([
  [`FREQ=HOURLY;BYMINUTE=${Array.from({ length: 60 }, (_, minute) => minute).join()}`, 'recurs 1440 times a day'],
  ['FREQ=DAILY;BYHOUR=0,1,2,3,4,5,6;BYMINUTE=0,1,2,3,4,5,6', 'recurs 49 times a day'],
  ['FREQ=HOURLY;INTERVAL=2;BYMINUTE=0,10,20,30,40', 'recurs 60 times a day'],
  ['FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO', 'never comes about in the 10 years after startsAt'],
  ['FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30', 'never comes about in the 10 years after startsAt'],
  ['FREQ=DAILY;UNTIL=20200101T000000Z', 'never comes about in the 10 years after startsAt'],
])('a new recurrence by %s is refused', (rrule, message) => {
  expect(() => checkRecurrence({ ...WEEKEND, rrule })).toThrow(message)
})

test.each([
  'FREQ=HOURLY;BYMINUTE=0,30',
  'FREQ=HOURLY;BYMINUTE=0,10,20,30,40;BYSETPOS=1,-1',
  'freq=weekly;byday=fr;wkst=su',
  'COUNT=010;BYDAY=+1MO,-01SU;FREQ=MONTHLY',
  'FREQ=DAILY;COUNT=7320',
  'FREQ=DAILY;UNTIL=99991231T235959Z',
  'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29',
])('a new recurrence by %s is taken', rrule => {
  expect(() => checkRecurrence({ ...WEEKEND, rrule })).not.toThrow()
})

test.each([
  ['a date is that whole day', '20260103', '2026-01-03T01:30:00.000Z'],
  ['a local time is one of the zone', '20260103T023000', '2026-01-03T01:30:00.000Z'],
  ['a moment before the local time is none', '20260103T012959Z', '2026-01-02T01:30:00.000Z'],
])('of an UNTIL, %s', (_what, until, last) => {
  const windows = new Recurring({ ...NIGHT, rrule: `FREQ=DAILY;UNTIL=${until}` })
  expect(windows.last(at('2026-06-01T00:00:00Z'))?.startsAt.toISOString()).toBe(last)
  expect(windows.next(at(last))).toBeNull()
})

test('an UNTIL between the two times that clocks show one counts as the moment that it is', () => {
  const windows = new Recurring({ ...NIGHT, rrule: 'FREQ=DAILY;UNTIL=20261025T011500Z' })
  expect(told(windows.last(at('2027-01-01T00:00:00Z')))).toBe('2026-10-25T00:30:00.000Z 2026-10-25T01:30:00.000Z')
})

test('windows begin in the order of time where clocks pass over some', () => {
  // On 29 March, 2:30 comes when clocks show 3:30, after 3:15.
  const windows = new Recurring({ ...NIGHT, rrule: 'FREQ=DAILY;BYHOUR=2,3;BYMINUTE=15,30' })
  const starts: string[] = []
  for (let time = at('2026-03-29T00:00:00Z'); starts.length < 4; ) {
    const next = windows.next(time)
    if (next === null) throw new Error('It recurs for ever')
    expect(windows.last(next.startsAt)?.startsAt).toEqual(next.startsAt)
    starts.push(next.startsAt.toISOString())
    time = next.startsAt
  }
  expect(starts).toEqual([
    '2026-03-29T01:15:00.000Z',
    '2026-03-29T01:30:00.000Z',
    '2026-03-30T00:15:00.000Z',
    '2026-03-30T00:30:00.000Z',
  ])
})

test('a rule is followed as far as times reach, and no further', () => {
  const windows = new Recurring({ ...NIGHT, duration: 'P366D' })
  expect(windows.next(at('9998-11-29T12:00:00Z'))?.endsAt.getUTCFullYear()).toBe(9999)
  expect(windows.next(at('9998-12-01T12:00:00Z'))).toBeNull()
  expect(windows.last(at('9999-06-01T00:00:00Z'))?.startsAt.toISOString()).toBe('9998-11-30T01:30:00.000Z')
})

test('windows follow one another without a gap, in every zone at every time', () => {
  const recurrence = fc.record({
    startsAt: fc.date({ min: at('2020-01-01T00:00:00Z'), max: at('2026-01-01T00:00:00Z'), noInvalidDate: true }),
    rrule: fc.constantFrom(
      'FREQ=DAILY',
      'FREQ=HOURLY;INTERVAL=7',
      'FREQ=WEEKLY;BYDAY=SU,WE',
      'FREQ=MONTHLY;BYMONTHDAY=1,-1',
    ),
    duration: fc.constant('PT1H'),
    timeZone: fc.constantFrom('Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kolkata', 'UTC'),
  })
  const time = fc.date({ min: at('2026-01-01T00:00:00Z'), max: at('2027-01-01T00:00:00Z'), noInvalidDate: true })
  fc.assert(
    fc.property(recurrence, time, (chosen, now) => {
      const windows = new Recurring({
        ...chosen,
        startsAt: new Date(Math.floor(chosen.startsAt.getTime() / 60_000) * 60_000),
      })
      const [last, next] = [windows.last(now), windows.next(now)]
      if (next === null) throw new Error('It recurs for ever')
      expect(next.startsAt.getTime()).toBeGreaterThan(now.getTime())
      // What is the next one before it begins is the last one when it has.
      expect(told(windows.last(next.startsAt))).toBe(told(next))
      const justBefore = new Date(next.startsAt.getTime() - 1)
      expect(told(windows.last(justBefore))).toBe(told(last))
      if (last !== null) expect(last.startsAt.getTime()).toBeLessThanOrEqual(now.getTime())
    }),
    { numRuns: 500 },
  )
})

describe('a freeze', () => {
  const once: FreezeTimes = {
    startsAt: at('2026-11-27T00:00:00Z'),
    endsAt: at('2026-11-28T00:00:00Z'),
    rrule: null,
    duration: null,
    timeZone: null,
    suspendedUntil: null,
    liftedAt: null,
  }
  const weekly: FreezeTimes = { ...once, ...WEEKEND, endsAt: at('2026-03-21T00:00:00Z') }

  test('binds from its start on, and not at its end any more', () => {
    expect(windowAt(once, at('2026-11-26T23:59:59Z'))).toBeNull()
    expect(windowAt(once, once.startsAt)).not.toBeNull()
    expect(windowAt(once, at('2026-11-28T00:00:00Z'))).toBeNull()
    expect(windowAfter(once, at('2026-11-26T00:00:00Z'))).toMatchObject({ startsAt: once.startsAt })
    expect(windowAfter(once, once.startsAt)).toBeNull()
  })

  test('that was lifted binds at no time', () => {
    const lifted = { ...once, liftedAt: at('2026-11-27T01:00:00Z') }
    expect(windowAt(lifted, at('2026-11-27T02:00:00Z'))).toBeNull()
    expect(windowAfter(lifted, at('2026-11-01T00:00:00Z'))).toBeNull()
  })

  test('that recurs binds in its windows, of which its end may cut the last one off', () => {
    expect(windowAt(weekly, at('2026-03-11T00:00:00Z'))).toBeNull()
    expect(told(windowAt(weekly, at('2026-03-14T00:00:00Z')))).toBe('2026-03-13T17:00:00.000Z 2026-03-16T07:00:00.000Z')
    expect(told(windowAt(weekly, at('2026-03-20T18:00:00Z')))).toBe('2026-03-20T17:00:00.000Z 2026-03-21T00:00:00.000Z')
    expect(windowAfter(weekly, at('2026-03-20T18:00:00Z'))).toBeNull()
  })

  test('of which a window was lifted binds again in the next one', () => {
    const suspended = { ...weekly, suspendedUntil: at('2026-03-16T07:00:00Z') }
    expect(windowAt(suspended, at('2026-03-14T00:00:00Z'))).toBeNull()
    expect(windowAt(suspended, at('2026-03-20T18:00:00Z'))).not.toBeNull()
  })

  test('thaws at the end of all windows that touch one another', () => {
    const during = (startsAt: string, endsAt: string) => ({ ...once, startsAt: at(startsAt), endsAt: at(endsAt) })
    const freezes = [
      during('2026-11-27T00:00:00Z', '2026-11-27T06:00:00Z'),
      during('2026-11-27T06:00:00Z', '2026-11-27T08:00:00Z'),
      during('2026-11-27T07:00:00Z', '2026-11-27T09:00:00Z'),
      during('2026-11-27T10:00:00Z', '2026-11-27T11:00:00Z'),
    ]
    expect(thawsAt(freezes, at('2026-11-27T01:00:00Z'))).toEqual(at('2026-11-27T09:00:00Z'))
    expect(thawsAt(freezes, at('2026-11-27T09:30:00Z'))).toEqual(at('2026-11-27T09:30:00Z'))
    expect(thawsAt([...freezes, { ...once, endsAt: null }], at('2026-11-27T01:00:00Z'))).toBeNull()
  })

  test('that recurs without a gap never thaws by itself', () => {
    const always = { ...once, ...NIGHT, duration: 'P1D', endsAt: null }
    expect(thawsAt([always], at('2026-06-01T00:00:00Z'))).toBeNull()
  })

  test('that has more windows in a row than are followed is looked at again at the end of those', () => {
    const winter = { ...once, ...NIGHT, rrule: 'FREQ=HOURLY;BYMONTH=11,12,1,2', endsAt: null }
    const start = at('2026-11-10T00:30:00Z')
    const first = thawsAt([winter], start)
    expect(first).toEqual(new Date(start.getTime() + 1_000 * 3_600_000))
    let thaw = first
    while (thaw !== null && windowAt(winter, thaw) !== null) thaw = thawsAt([winter], thaw)
    expect(thaw).toEqual(at('2027-03-01T00:30:00+01:00'))
  })

  test('whose rule cannot be read binds from its start to its end, or until it is lifted', () => {
    const sloppy = { ...weekly, rrule: 'FREQ=WEEKLY;BYDAYS=FR' }
    expect(isUnreadable(sloppy)).toBe(true)
    expect(isUnreadable(weekly)).toBe(false)
    expect(windowAt(sloppy, at('2026-03-11T00:00:00Z'))).toEqual({ startsAt: sloppy.startsAt, endsAt: sloppy.endsAt })
    expect(windowAt(sloppy, at('2026-03-21T00:00:00Z'))).toBeNull()
    expect(windowAfter(sloppy, at('2026-03-01T00:00:00Z'))).toEqual({
      startsAt: sloppy.startsAt,
      endsAt: sloppy.endsAt,
    })
    expect(thawsAt([sloppy], at('2026-03-11T00:00:00Z'))).toEqual(sloppy.endsAt)
    expect(windowAt({ ...sloppy, liftedAt: at('2026-03-10T00:00:00Z') }, at('2026-03-11T00:00:00Z'))).toBeNull()
  })
})
