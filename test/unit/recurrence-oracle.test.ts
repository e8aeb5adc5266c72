import fc from 'fast-check'
import { Temporal } from 'temporal-polyfill'
import { expect, test, vi } from 'vitest'
import { LOOKED_BACK_DAYS, LocalRule } from '../../src/modules/freeze/local-rule.js'
import { checkRecurrence, Recurring } from '../../src/modules/freeze/recurrence.js'
import { parseRule } from '../../src/modules/freeze/rrule.rules.js'
import { RulePeriods } from '../../src/modules/freeze/rule-periods.js'
import { zoneClock } from '../../src/modules/freeze/zone-clock.js'
import {
  anyGoodRule,
  anyRule,
  millisecondsOf,
  naiveOccurrences,
  type RuleParts,
  textOf,
} from '../support/naive-rule.js'

const ZONES = ['Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Africa/Casablanca', 'Pacific/Apia', 'UTC']
const FOLLOWED_DAYS = 500

const anyStart = fc
  .date({ min: new Date('2024-02-01T00:00:00Z'), max: new Date('2026-06-01T00:00:00Z'), noInvalidDate: true })
  .map(date => Temporal.PlainDateTime.from(date.toISOString().slice(0, 19)))

/** What a rule comes to in the days that follow its start, told by going from each to the next. */
function occurrences(parts: RuleParts, start: Temporal.PlainDateTime, end: number): number[] {
  const startMs = millisecondsOf(start)
  const rule = new LocalRule(parseRule(textOf(parts)), startMs)
  const found: number[] = []
  for (let time = rule.next(startMs - 1); time !== null && time < end; time = rule.next(time)) found.push(time)
  return found
}

/** Whether a rule comes to the end of its COUNT soon enough to be followed. */
function isReached(parts: RuleParts, start: Temporal.PlainDateTime): boolean {
  try {
    new LocalRule(parseRule(textOf(parts)), millisecondsOf(start))
    return true
  } catch (error) {
    if (error instanceof RangeError && error.message.startsWith('rrule: COUNT must be reached')) return false
    throw error
  }
}

test('a rule comes to what the RFC says, as an oracle has it that asks of every hour', () => {
  let compared = 0
  fc.assert(
    fc.property(anyGoodRule(), anyStart, (parts, start) => {
      const end = start.toPlainDate().add({ days: FOLLOWED_DAYS })
      const expected = naiveOccurrences(parts, start, end)
      const endMs = millisecondsOf(end.toPlainDateTime())
      if (!isReached(parts, start)) {
        // What is refused since its COUNT lies too far off has not come to it in the days that are compared.
        expect(expected.length).toBeLessThan(parts.COUNT ?? 0)
        return
      }
      const isBefore = (time: number) => time < endMs
      expect(occurrences(parts, start, endMs)).toEqual(expected.filter(isBefore))
      compared += expected.length
      // And backward, from any time.
      const rule = new LocalRule(parseRule(textOf(parts)), millisecondsOf(start))
      for (let time = endMs - 1; time > millisecondsOf(start); time -= 41 * 86_400_000 + 12_345_000) {
        const last = expected.filter(other => other <= time && other >= time - LOOKED_BACK_DAYS * 86_400_000).at(-1)
        expect(rule.last(time) ?? undefined).toBe(last)
      }
    }),
    { numRuns: 250 },
  )
  expect(compared).toBeGreaterThan(1_000)
})

test('windows begin when the zone’s clocks show so, in the order of time', () => {
  const nearSetting = fc.constantFrom(
    ...['2026-03-29', '2026-10-25', '2026-03-08', '2026-11-01', '2026-04-05', '2026-10-04', '2026-02-15', '2011-12-30'],
  )
  const times = fc.record({
    BYHOUR: fc.uniqueArray(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 6 }),
    BYMINUTE: fc.uniqueArray(fc.constantFrom(0, 15, 30, 45), { minLength: 1, maxLength: 4 }),
  })
  fc.assert(
    fc.property(fc.constantFrom(...ZONES), nearSetting, times, (timeZone, date, byTime) => {
      const first = Temporal.PlainDate.from(date).subtract({ days: 3 })
      const rrule = textOf({ FREQ: 'DAILY', ...byTime })
      const startsAt = new Date(first.toZonedDateTime(timeZone).epochMilliseconds)
      const windows = new Recurring({ startsAt, rrule, duration: 'PT5M', timeZone })
      const starts = Array.from({ length: 7 }, (_, days) => first.add({ days }))
        .flatMap(day =>
          byTime.BYHOUR.flatMap(hour => byTime.BYMINUTE.map(minute => day.toPlainDateTime({ hour, minute }))),
        )
        .map(local => local.toZonedDateTime(timeZone, { disambiguation: 'compatible' }).epochMilliseconds)
        .sort((one, other) => one - other)
      const span = 6 * 86_400_000
      for (let time = startsAt.getTime(); time < startsAt.getTime() + span; time += 7 * 60_000) {
        const last = starts.filter(start => start <= time).at(-1)
        const next = starts.find(start => start > time)
        expect(windows.last(new Date(time))?.startsAt.getTime()).toBe(last)
        if (next !== undefined) expect(windows.next(new Date(time))?.startsAt.getTime()).toBe(next)
      }
    }),
    { numRuns: 40 },
  )
})

test('the clocks of a zone are those of Temporal', () => {
  const time = fc.date({
    min: new Date('1970-01-01T00:00:00Z'),
    max: new Date('2080-01-01T00:00:00Z'),
    noInvalidDate: true,
  })
  fc.assert(
    fc.property(fc.constantFrom(...ZONES), time, (timeZone, date) => {
      const zoned = Temporal.Instant.fromEpochMilliseconds(date.getTime()).toZonedDateTimeISO(timeZone)
      const clock = zoneClock(timeZone)
      expect(clock.offsetAt(date.getTime())).toBe(zoned.offsetNanoseconds / 1_000_000)
      const local = zoned.toPlainDateTime()
      expect(clock.toTime(millisecondsOf(local))).toBe(local.toZonedDateTime(timeZone).epochMilliseconds)
    }),
    { numRuns: 2_000 },
  )
})

/** Texts of the grammar, whole and mutated. */
const anyText = fc.oneof(
  anyRule().map(textOf),
  fc
    .tuple(
      anyRule().map(textOf),
      fc.nat(),
      fc.nat({ max: 3 }),
      fc.oneof(fc.string(), fc.constantFrom('0', '-', ';', '=', ',', 'MO', '366')),
    )
    .map(([text, at, length, other]) => {
      const place = at % (text.length + 1)
      return text.slice(0, place) + other + text.slice(place + length)
    }),
  fc
    .array(fc.tuple(fc.constantFrom('FREQ', 'COUNT', 'INTERVAL', 'BYDAY', 'BYHOUR', 'FOO'), fc.string()), {
      maxLength: 5,
    })
    .map(parts => parts.map(part => part.join('=')).join(';')),
)

test('any text is refused by name, or judged in a bounded number of steps at any time', () => {
  const looks = vi.spyOn(RulePeriods.prototype, 'occurrencesIn')
  const tally = { refused: 0, judged: 0 }
  const startsAt = fc.date({ min: new Date(0), max: new Date('9998-12-31T00:00:00Z'), noInvalidDate: true })
  const time = fc.date({ min: new Date(0), max: new Date('9999-12-31T00:00:00Z'), noInvalidDate: true })
  const stepsOf = (work: () => unknown) => {
    looks.mockClear()
    work()
    return looks.mock.calls.length
  }
  fc.assert(
    fc.property(anyText, startsAt, fc.array(time, { minLength: 1, maxLength: 4 }), (rrule, start, moments) => {
      const recurrence = { startsAt: start, rrule, duration: 'PT1H', timeZone: 'Europe/Berlin' }
      try {
        // Twenty years of days for a COUNT, and ten for the first window.
        expect(stepsOf(() => checkRecurrence(recurrence))).toBeLessThan(12_000)
      } catch (error) {
        if (!(error instanceof RangeError)) throw error
        expect(error.message).toMatch(/^rrule\b/)
        tally.refused += 1
        return
      }
      tally.judged += 1
      const windows = new Recurring(recurrence)
      for (const moment of moments) {
        expect(stepsOf(() => windows.last(moment))).toBeLessThan(400)
        expect(stepsOf(() => windows.next(moment))).toBeLessThan(3_700)
      }
    }),
    { numRuns: 2_000 },
  )
  looks.mockRestore()
  expect(tally.refused).toBeGreaterThan(300)
  expect(tally.judged).toBeGreaterThan(100)
})
