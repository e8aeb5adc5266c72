import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Gates, Lane } from '../../src/modules/gate/gates.js'
import { judge, opensAt, stateOf } from '../../src/modules/gate/judge.js'
import type { FreezeFacts, GateFacts, GateKind, GateRequest } from '../../src/modules/gate/verdict.js'

const NOW = new Date('2026-11-27T12:00:00Z')
const minutes = (count: number) => new Date(NOW.getTime() + count * 60_000)

const FACTS: GateFacts = {
  now: NOW,
  gates: {},
  holdReason: null,
  freezes: [],
  occupant: null,
  candidateStatus: 'READY',
  quarantine: null,
  promotions: [],
  approvals: [],
}
const REQUEST: GateRequest = {
  kind: 'DEPLOYMENT',
  actor: 'dan',
  isAutomatic: false,
  isForced: false,
  isTaken: false,
}
const TAKEN = { isTaken: true }
const AUTOMATIC = { isAutomatic: true, actor: 'slipway' }
const ROLLBACK = { kind: 'ROLLBACK' } as const

const freeze = (change: Partial<FreezeFacts> = {}): FreezeFacts => ({
  startsAt: minutes(-10),
  endsAt: minutes(10),
  rrule: null,
  duration: null,
  timeZone: null,
  suspendedUntil: null,
  liftedAt: null,
  reason: 'Holidays',
  actor: 'ann',
  ...change,
})
const promotion: Gates = { promotion: { environmentIds: ['staging-id'], soakMinutes: 30 } }
const succeeded = (at: Date | null) => ({ gates: promotion, promotions: [{ environment: 'staging', succeededAt: at }] })
const approval = (requiredApprovals: number, approvers: string[] | null = null): Gates => ({
  approval: { requiredApprovals, approvers },
})
const lane = (name: Lane, isOccupied = true) => ({
  gates: { lane: name },
  occupant: isOccupied ? { number: 7, version: 'v1-rc1' } : null,
})

type Row = readonly [string, GateKind, Partial<GateFacts>, Partial<GateRequest>, string | null, (Date | null)?]

/** What a gate is told, and the state it is in; null: it does not concern what is asked for. Last, when it opens. */
const TABLE: readonly Row[] = [
  ['a candidate that is ready', 'BUILD', {}, {}, 'OPEN'],
  ['a candidate that is being built', 'BUILD', { candidateStatus: 'BUILDING' }, {}, 'REFUSED'],
  ['a candidate whose build failed, by itself', 'BUILD', { candidateStatus: 'FAILED' }, AUTOMATIC, 'REFUSED'],

  ['a candidate that is nowhere held', 'QUARANTINE', {}, {}, 'OPEN'],
  ['a candidate in quarantine', 'QUARANTINE', { quarantine: { actor: 'ann', reason: 'Leaks' } }, {}, 'REFUSED'],
  ['… that waits', 'QUARANTINE', { quarantine: { actor: 'ann', reason: 'Leaks' } }, TAKEN, 'CLOSED'],
  ['… in a rollback', 'QUARANTINE', { quarantine: { actor: 'ann', reason: 'Leaks' } }, ROLLBACK, 'REFUSED'],

  ['no gate', 'PROMOTION', {}, {}, null],
  ['no success yet', 'PROMOTION', succeeded(null), {}, 'CLOSED', null],
  ['a success that is too fresh', 'PROMOTION', succeeded(minutes(-29)), {}, 'CLOSED', minutes(1)],
  ['a success as old as it must be', 'PROMOTION', succeeded(minutes(-30)), {}, 'OPEN'],
  ['no success, in a rollback', 'PROMOTION', succeeded(null), ROLLBACK, null],
  [
    'a success in one of two environments',
    'PROMOTION',
    {
      gates: promotion,
      promotions: [
        { environment: 'staging', succeededAt: minutes(-60) },
        { environment: 'canary', succeededAt: null },
      ],
    },
    {},
    'CLOSED',
    null,
  ],
  [
    'successes of which the later one is too fresh',
    'PROMOTION',
    {
      gates: promotion,
      promotions: [
        { environment: 'staging', succeededAt: minutes(-60) },
        { environment: 'canary', succeededAt: minutes(-20) },
      ],
    },
    {},
    'CLOSED',
    minutes(10),
  ],

  ['no gate', 'APPROVAL', {}, {}, null],
  ['no approval', 'APPROVAL', { gates: approval(1) }, {}, 'CLOSED', null],
  ['as many as it takes', 'APPROVAL', { gates: approval(2), approvals: ['ann', 'bob'] }, {}, 'OPEN'],
  ['one too few', 'APPROVAL', { gates: approval(2), approvals: ['ann'] }, {}, 'CLOSED'],
  ['that of who asked for it', 'APPROVAL', { gates: approval(1), approvals: ['dan'] }, {}, 'CLOSED'],
  ['… beside another one', 'APPROVAL', { gates: approval(1), approvals: ['dan', 'ann'] }, {}, 'OPEN'],
  ['that of somebody off the list', 'APPROVAL', { gates: approval(1, ['bob']), approvals: ['ann'] }, {}, 'CLOSED'],
  ['that of somebody on the list', 'APPROVAL', { gates: approval(1, ['ann']), approvals: ['ann'] }, {}, 'OPEN'],
  [
    'that of a person named as automation is',
    'APPROVAL',
    { gates: approval(1), approvals: ['slipway'] },
    AUTOMATIC,
    'OPEN',
  ],
  ['none, in a rollback', 'APPROVAL', { gates: approval(1) }, ROLLBACK, null],

  ['nothing frozen', 'FREEZE', {}, {}, 'OPEN'],
  ['a freeze', 'FREEZE', { freezes: [freeze()] }, {}, 'REFUSED', minutes(10)],
  ['a freeze until it is lifted', 'FREEZE', { freezes: [freeze({ endsAt: null })] }, {}, 'REFUSED', null],
  ['a freeze, for what waits', 'FREEZE', { freezes: [freeze()] }, TAKEN, 'CLOSED', minutes(10)],
  ['a freeze, for automation', 'FREEZE', { freezes: [freeze()] }, AUTOMATIC, 'CLOSED', minutes(10)],
  ['a freeze, for a rollback', 'FREEZE', { freezes: [freeze()] }, ROLLBACK, 'REFUSED'],
  ['a freeze that is forced', 'FREEZE', { freezes: [freeze()] }, { isForced: true }, 'OPEN'],
  ['a freeze that begins now', 'FREEZE', { freezes: [freeze({ startsAt: NOW })] }, {}, 'REFUSED'],
  ['a freeze that ends now', 'FREEZE', { freezes: [freeze({ endsAt: NOW })] }, {}, 'OPEN'],
  ['a freeze that is to come', 'FREEZE', { freezes: [freeze({ startsAt: minutes(1) })] }, {}, 'OPEN'],
  [
    'a freeze at whose end another one has begun',
    'FREEZE',
    { freezes: [freeze(), freeze({ startsAt: minutes(5), endsAt: minutes(20) })] },
    TAKEN,
    'CLOSED',
    minutes(20),
  ],

  ['no hold, for automation', 'HOLD', {}, AUTOMATIC, 'OPEN'],
  ['a hold, for automation', 'HOLD', { holdReason: 'v2 failed' }, AUTOMATIC, 'CLOSED', null],
  ['a hold, for a person', 'HOLD', { holdReason: 'v2 failed' }, {}, null],
  ['a hold, for its own rollback', 'HOLD', { holdReason: 'v2 failed' }, { ...AUTOMATIC, ...ROLLBACK }, null],

  ['no lane', 'LANE', { occupant: { number: 7, version: 'v1-rc1' } }, {}, null],
  ['a lane for all', 'LANE', lane('ALLOW'), {}, null],
  ['a free lane that refuses', 'LANE', lane('REJECT', false), {}, 'OPEN'],
  ['an occupied lane that refuses', 'LANE', lane('REJECT'), {}, 'REFUSED'],
  ['… what waits', 'LANE', lane('REJECT'), TAKEN, 'CLOSED'],
  ['… automation', 'LANE', lane('REJECT'), AUTOMATIC, 'CLOSED'],
  ['… a rollback', 'LANE', lane('REJECT'), ROLLBACK, 'CLOSED'],
  ['an occupied lane that queues', 'LANE', lane('QUEUE'), {}, 'CLOSED'],
  ['a free lane that queues', 'LANE', lane('QUEUE', false), {}, 'OPEN'],
  ['an occupied lane of which the last one counts', 'LANE', lane('SUPERSEDE'), {}, 'CLOSED'],
]

for (const [what, gate, facts, request, state, opens] of TABLE) {
  test(`${what}, at the gate ${gate}`, () => {
    const verdict = judge({ ...FACTS, ...facts }, { ...REQUEST, ...request }).find(one => one.gate === gate)
    expect(verdict?.state ?? null).toBe(state)
    if (opens !== undefined) expect(verdict?.opensAt).toEqual(opens)
  })
}

test.each([
  [{ ...FACTS, freezes: [freeze()] }, REQUEST, 'It is frozen until 2026-11-27T12:10:00.000Z: Holidays (ann)'],
  [{ ...FACTS, freezes: [freeze({ endsAt: null })] }, REQUEST, 'It is frozen until it is lifted: Holidays (ann)'],
  [
    { ...FACTS, ...lane('REJECT') },
    REQUEST,
    'Lane REJECT: deployment 7 (v1-rc1) is active; it may pass when that has ended.',
  ],
  [{ ...FACTS, gates: approval(2), approvals: ['ann'] }, REQUEST, '1 of 2 approvals are there, by ann.'],
  [
    { ...FACTS, ...succeeded(minutes(-1)) },
    REQUEST,
    'It has succeeded in staging, and must have been there for 30 minutes.',
  ],
])('says in a sentence what is closed: %#', (facts, request, sentence) => {
  const said = judge(facts, request).filter(({ state }) => state !== 'OPEN')
  expect(said.map(({ message }) => message)).toEqual([sentence])
  expect(said.every(({ resolution }) => resolution !== null)).toBe(true)
})

describe('several gates together', () => {
  test('open when the last of them does, and not by themselves while one of them does not', () => {
    const soaking = succeeded(minutes(-10))
    const frozen = { ...FACTS, ...soaking, freezes: [freeze()] }
    expect(opensAt(judge(frozen, { ...REQUEST, isTaken: true }))).toEqual(minutes(20))
    const unapproved = { ...frozen, gates: { ...promotion, ...approval(1) } }
    expect(opensAt(judge(unapproved, { ...REQUEST, isTaken: true }))).toBeNull()
    expect(opensAt(judge(FACTS, REQUEST))).toBeNull()
  })

  test('never refuse what they have taken, and open by themselves only later', () => {
    const maybe = <Value>(value: Value) => fc.constantFrom(null, value)
    const facts = fc.record({
      now: fc.constant(NOW),
      gates: fc.record({
        promotion: maybe({ environmentIds: ['a'], soakMinutes: 30 }),
        approval: fc.constantFrom(null, ...[1, 2].map(count => approval(count).approval)),
        lane: fc.constantFrom(...Object.values(Lane)),
      }),
      holdReason: maybe('v2 failed'),
      freezes: fc.array(
        fc
          .integer({ min: -20, max: 20 })
          .map(start => freeze({ startsAt: minutes(start), endsAt: minutes(start + 15) })),
      ),
      occupant: maybe({ number: 7, version: 'v1-rc1' }),
      candidateStatus: fc.constant('READY' as const),
      quarantine: maybe({ actor: 'ann', reason: 'Leaks' }),
      promotions: fc
        .constantFrom(null, -10, -60)
        .map(since => [{ environment: 'staging', succeededAt: since === null ? null : minutes(since) }]),
      approvals: fc.subarray(['ann', 'bob', 'dan']),
    })
    const request = fc.record({
      kind: fc.constantFrom('DEPLOYMENT' as const, 'ROLLBACK' as const),
      actor: fc.constantFrom('ann', 'dan'),
      isAutomatic: fc.boolean(),
      isForced: fc.boolean(),
      isTaken: fc.boolean(),
    })
    fc.assert(
      fc.property(facts, request, (known, asked) => {
        const verdicts = judge(known as GateFacts, asked)
        for (const { state, refusal, resolution, opensAt: opens } of verdicts) {
          expect(state === 'REFUSED').toBe(refusal !== null)
          expect(state === 'OPEN').toBe(resolution === null)
          if (opens !== null) expect(opens.getTime()).toBeGreaterThan(NOW.getTime())
        }
        if (asked.isTaken) expect(stateOf(verdicts)).not.toBe('REFUSED')
      }),
      { numRuns: 2_000 },
    )
  })
})
