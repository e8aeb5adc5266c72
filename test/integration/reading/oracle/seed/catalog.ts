import { v7 } from 'uuid'
import type {
  Environment,
  Prisma,
  Project,
  Release,
  ReleaseCandidate,
} from '../../../../../src/database/generated/client.js'
import { CandidateStatus, EnvironmentTier } from '../../../../../src/database/generated/enums.js'
import type { Random } from '../../../../support/random.js'

export const DAY_MS = 86_400_000

/** Actors that only differ in case, and one that every layer has to escape. */
const ACTORS = ['ann', 'Ann', 'bob', 'slipway', `o'neil "x" \\ ☃ 😀`] as const
const TEXTS = [
  'It broke',
  '',
  'Two\nlines',
  `"quoted" 'too' \\n`,
  'ü\u2028😀</script>',
  '${candidate.version} $1 %s',
] as const

/** How many days ago everything happened at once. */
const SHARED_DAYS = [1, 1, 40, 100]

/** Makes what rows are made of: keys in rising order, times in the past, texts. */
export class Maker {
  private keys = 0
  private readonly turns = new Map<readonly unknown[], number>()
  private readonly taken = new Set<string>()

  constructor(
    readonly random: Random,
    readonly now: Date,
  ) {}

  /** Whether something is the first of its kind, for what there may be only one of. */
  isFirst(...kind: readonly unknown[]): boolean {
    const text = JSON.stringify(kind)
    if (this.taken.has(text)) return false
    this.taken.add(text)
    return true
  }

  /** The items in turn, so that each of them comes about. */
  inTurn<Item>(items: readonly Item[]): Item {
    const turn = this.turns.get(items) ?? this.random.between(0, items.length - 1)
    this.turns.set(items, turn + 1)
    return items[turn % items.length] as Item
  }

  key(): string {
    this.keys += 1
    return v7({ msecs: this.now.getTime() - 200 * DAY_MS + this.keys, random: this.random.bytes(16) })
  }

  /** Between 1 and 190 days ago. Many things happen at the same time as others, the last ones among them. */
  time(): Date {
    const { random } = this
    return this.ago(random.chance(0.4) ? random.pick(SHARED_DAYS) * DAY_MS : random.between(2 * DAY_MS, 190 * DAY_MS))
  }

  ago(milliseconds: number): Date {
    return new Date(this.now.getTime() - milliseconds)
  }

  actor(): string {
    return this.random.pick(ACTORS)
  }

  text(): string {
    return this.random.pick(TEXTS)
  }

  /** A text that must not be empty. */
  reason(): string {
    return this.text() || 'For a reason'
  }
}

const PARAMETERS = [
  { name: 'commit', value: '${candidate.commit}' },
  { name: '_text', value: ' "ü" \\ 😀' },
]

/** A workflow of each runner, as it is stored, with and without what it can do without. */
export const WORKFLOWS = [
  {
    runner: 'GITHUB_ACTIONS',
    workflow: 'deploy.yml',
    ref: null,
    repository: 'Acme/Shop',
    parameters: PARAMETERS,
    timeoutMinutes: 60,
  },
  {
    runner: 'GITHUB_ACTIONS',
    workflow: '123',
    ref: 'release/1',
    repository: 'acme/x',
    parameters: [],
    timeoutMinutes: 1,
  },
  {
    runner: 'BUILDKITE',
    organization: 'Acme',
    pipeline: 'deploy',
    branch: null,
    parameters: PARAMETERS,
    timeoutMinutes: 43_200,
  },
  { runner: 'BUILDKITE', organization: 'acme', pipeline: 'x', branch: 'main', parameters: [], timeoutMinutes: 5 },
  {
    runner: 'WEBHOOK',
    url: 'https://hooks.example/deploy?token=ü&b=1',
    secret: 'sealed',
    parameters: PARAMETERS,
    timeoutMinutes: 60,
  },
  { runner: 'WEBHOOK', url: 'http://hooks.example:8080/#there', secret: 'sealed', parameters: [], timeoutMinutes: 60 },
] as const satisfies readonly Prisma.JsonObject[]

/** A project as it is to be. */
export interface Plan {
  readonly name: string
  readonly releases: number
  /** The name and tier of each environment, in the order of their creation, and how many deployments it gets. */
  readonly environments: readonly (readonly [name: string, tier: EnvironmentTier, deployments: number])[]
}

/** As many as a page has by default. */
const PAGE = 20
const { DEVELOPMENT, STAGING, PRODUCTION } = EnvironmentTier

/** Lists of none, of one, of exactly a page and of more; more than a page of projects. */
export const PLANS: readonly Plan[] = [
  {
    name: 'shop',
    releases: PAGE + 5,
    environments: [
      ['production', PRODUCTION, 2 * PAGE + 5],
      ['staging', STAGING, 28],
      ['dev', DEVELOPMENT, PAGE],
      ['Staging', STAGING, 14],
      ['canary', PRODUCTION, 1],
      ['empty-_0', PRODUCTION, 0],
    ],
  },
  {
    name: 'Shop',
    releases: PAGE,
    environments: [
      ['production', PRODUCTION, 9],
      ['dev', DEVELOPMENT, 9],
    ],
  },
  {
    name: ' - _',
    releases: 3,
    environments: [
      ['-', STAGING, 8],
      ['_', STAGING, 8],
    ],
  },
  { name: 'one', releases: 1, environments: [['production', PRODUCTION, 1]] },
  { name: 'cut', releases: 2, environments: [] },
  ...Array.from({ length: PAGE }, (_, index) => ({ name: `nothing ${index}`, releases: 0, environments: [] })),
]

/** Release versions that look like those of candidates, or hold all that they may. */
const ODD_VERSIONS = ['v1-rc1', 'v1', 'V1', '2026.11.23', '0._+-@/', 'feature/x@1+2', 'v1-rc1-rc2']

export function makeProject(make: Maker, { name }: Plan): Project {
  const isGit = make.random.chance(0.3)
  return {
    id: make.key(),
    name,
    repository: `acme/${make.random.hex(4)}`,
    repositoryHost: isGit ? 'GIT' : 'GITHUB',
    cloneUrl: isGit ? 'https://git.example/acme.git' : null,
    createdAt: make.time(),
    buildWorkflow: make.random.maybe(make.inTurn(WORKFLOWS)),
  }
}

export function makeReleases(make: Maker, project: Project, count: number): Release[] {
  return Array.from({ length: count }, (_, index) => ({
    id: make.key(),
    projectId: project.id,
    version: ODD_VERSIONS[index] ?? `v${index}`,
    createdAt: make.time(),
  }))
}

/**
 * The candidates of the releases of one project: numbers have gaps and need not rise, commits are used more than once, and
 * some begin alike.
 */
export function makeCandidates(make: Maker, releases: readonly Release[]): ReleaseCandidate[] {
  const { random } = make
  const begin = random.hex(12)
  const whole = begin + random.hex(28)
  const commits = [
    whole,
    begin + random.hex(28),
    begin + random.hex(52),
    whole + random.hex(24),
    random.hex(40),
    random.hex(64),
  ]
  return releases.flatMap((release, index) => {
    const numbers = random.shuffled([1, 2, 3, 4, 5, 7, 9, 10, 11, 12, 13, 14, 999_999_999])
    return numbers.slice(0, index === 1 ? numbers.length : random.between(1, 3)).map(number => {
      const isInQuarantine = random.chance(0.2)
      return {
        id: make.key(),
        projectId: release.projectId,
        releaseId: release.id,
        number,
        commit: random.chance(0.6) ? random.pick(commits) : random.hex(40),
        status: random.chance(0.5) ? CandidateStatus.READY : random.pick(Object.values(CandidateStatus)),
        actor: make.actor(),
        createdAt: make.time(),
        quarantinedAt: isInQuarantine ? make.time() : null,
        quarantinedBy: isInQuarantine ? make.actor() : null,
        quarantineReason: isInQuarantine ? make.text() : null,
      }
    })
  })
}

export function makeEnvironments(make: Maker, project: Project, { environments }: Plan): Environment[] {
  const { random } = make
  const keys = environments.map(() => make.key())
  return environments.map(([name, tier, deployments], index) => {
    const others = random.shuffled(keys.filter(key => key !== keys[index])).slice(0, random.between(0, 3))
    const isHeld = random.chance(0.4)
    return {
      id: keys[index] ?? '',
      projectId: project.id,
      name,
      tier,
      lastDeploymentNumber: deployments,
      createdAt: make.time(),
      deployWorkflow: random.maybe(make.inTurn(WORKFLOWS), 0.7),
      gates: makeGates(make, others),
      automation: makeAutomation(random, others),
      waitingDeployments: 0,
      nextLookAt: null,
      heldAt: isHeld ? make.time() : null,
      holdReason: isHeld ? make.text() : null,
    }
  })
}

const SOAKS = [0, 525_600, 60]
const APPROVERS = [null, ['bob', 'Ann'], ['ann']]
const LANES = ['QUEUE', 'ALLOW', 'SUPERSEDE', 'REJECT']

/** What is not there is left out or null, as updates leave it. */
function makeGates(make: Maker, others: readonly string[]): Prisma.JsonObject {
  const { random } = make
  const promotion = { environmentIds: [...others], soakMinutes: make.inTurn(SOAKS) }
  const approval = { requiredApprovals: random.between(1, 3), approvers: make.inTurn(APPROVERS) }
  return {
    ...(random.chance(0.8) && { promotion: others.length === 0 ? null : random.maybe(promotion, 0.9) }),
    ...(random.chance(0.7) && { approval: random.maybe(approval, 0.8) }),
    ...(random.chance(0.8) && { lane: random.maybe(make.inTurn(LANES), 0.8) }),
    ...(random.chance(0.7) && { expiresAfterHours: random.maybe(random.between(1, 8_760), 0.8) }),
  }
}

function makeAutomation(random: Random, others: readonly string[]): Prisma.JsonObject {
  return {
    ...(random.chance(0.5) && { deployWhenReady: random.chance(0.5) }),
    ...(random.chance(0.6) && { deployAfterSuccessIn: [...others] }),
    ...(random.chance(0.5) && { rollBackOnFailure: random.chance(0.5) }),
    ...(random.chance(0.5) && { quarantineOnRollback: random.chance(0.5) }),
  }
}
