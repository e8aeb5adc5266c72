import type { Environment, Freeze, Project } from '../../../../../src/database/generated/client.js'
import { DAY_MS, type Maker } from './catalog.js'

/** From and until how many days before now or, if negative, after it. */
type Times = readonly [from: number, until: number | null]

/**
 * When freezes bind: over, now, later, for good. No window begins or ends within days of now, so that what binds and what
 * comes next stays the same while questions are asked.
 */
const ONCE: readonly Times[] = [
  [100, 50],
  [100, -100],
  [100, null],
  [-200, -250],
  [-200, null],
]

/** Recurring ones, from how many days ago on: within a window now, between two, before the first, after the last. */
const RECURRING = [
  { from: 100, rrule: 'FREQ=YEARLY', duration: 'P200D', timeZone: 'Europe/Berlin' },
  { from: 100, rrule: 'FREQ=YEARLY', duration: 'P10D', timeZone: 'America/New_York' },
  { from: -150, rrule: 'FREQ=YEARLY;COUNT=3', duration: 'PT36H', timeZone: 'Pacific/Apia' },
  { from: 100, rrule: 'FREQ=YEARLY;COUNT=1', duration: 'P20D', timeZone: 'UTC' },
] as const

/** How long a recurring one is suspended, if it is. */
const SUSPENSIONS = [null, 90, -100]

/**
 * Freezes of every kind. Those that bind now bind one environment each, and not all in turn: of some nothing is frozen, of
 * some until a time, of some for good, so that gates say all there is to say.
 */
export function makeFreezes(make: Maker, projects: readonly Project[], environments: readonly Environment[]): Freeze[] {
  const ofAll = ONCE.filter(([from, until]) => from < 0 || (until !== null && until > 0))
  const everywhere = [
    ...ofAll.map(times => once(make, times)),
    recurring(make, RECURRING[1]),
    { ...once(make, [100, null]), ...lifted(make) },
  ]
  const some = projects.flatMap(({ id: projectId }) => {
    const own = environments.filter(environment => environment.projectId === projectId)
    if (own.length === 0) return []
    const ofOne = own.flatMap(({ id }) =>
      [once(make, make.inTurn(ONCE)), recurring(make, make.inTurn(RECURRING))].map(freeze => ({
        ...freeze,
        environmentIds: [id],
      })),
    )
    const ofSeveral = { ...once(make, [-200, -250]), environmentIds: own.map(({ id }) => id) }
    const ofWhole = [once(make, [100, 50]), { ...once(make, [100, null]), ...lifted(make) }]
    return [...ofOne, ofSeveral, ...ofWhole].map(freeze => ({ ...freeze, projectId }))
  })
  // The order of keys is that of creation.
  return make.random.shuffled([...everywhere, ...some]).map(freeze => ({ ...freeze, id: make.key() }))
}

function once(make: Maker, [from, until]: Times): Freeze {
  return {
    id: '',
    projectId: null,
    environmentIds: [],
    startsAt: make.ago(from * DAY_MS),
    endsAt: until === null ? null : make.ago(until * DAY_MS),
    rrule: null,
    duration: null,
    timeZone: null,
    isEmergency: make.random.chance(0.3),
    reason: make.reason(),
    actor: make.actor(),
    createdAt: make.time(),
    suspendedUntil: null,
    liftedAt: null,
    liftedBy: null,
  }
}

function recurring(make: Maker, { from, ...recurrence }: (typeof RECURRING)[number]): Freeze {
  const suspended = make.inTurn(SUSPENSIONS)
  return {
    ...once(make, [from, null]),
    ...recurrence,
    suspendedUntil: suspended === null ? null : make.ago(suspended * DAY_MS),
  }
}

function lifted(make: Maker): Pick<Freeze, 'liftedAt' | 'liftedBy'> {
  return { liftedAt: make.time(), liftedBy: make.actor() }
}
