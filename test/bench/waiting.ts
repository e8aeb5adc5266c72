import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { pino } from 'pino'
import { startEmbeddedPostgres } from '../../src/database/embedded-postgres.js'
import { signToken } from '../../src/server/token.js'
import { type Client, createClient } from '../support/client.js'
import { createGitRepository } from '../support/git-repository.js'
import { type ServerProcess, startServer } from '../support/server-process.js'

const WAITING = 10_000
const CANDIDATES = 100
/** So many deployments start by each way in which a gate opens. */
const SAMPLES = 200
const IDLE_SECONDS = 20
const FREEZE_SECONDS = 8
const JWT_SECRET = 'a secret of the bench that is long enough'
const tokenOf = (subject: string) =>
  signToken(JWT_SECRET, { subject, role: 'admin', projects: null, expiresInSeconds: 3_600 })

interface Scene {
  readonly client: Client
  readonly approver: Client
  readonly database: pg.Client
  readonly server: ServerProcess
}

/**
 * Ten thousand deployments that wait: how long it takes until one starts whose last gate opens, and what they cost while
 * nothing happens; over a hundred environments, and all on one.
 */
export async function benchWaiting(): Promise<void> {
  for (const environments of [100, 1]) await bench(environments)
}

async function bench(environments: number): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), 'slipway-bench-'))
  const postgres = await startEmbeddedPostgres(dataDir, pino({ level: 'silent' }))
  const settings = { DATABASE_URL: postgres.url, DATA_DIR: dataDir, JWT_SECRET, RATE_LIMIT: '0' }
  const server = await startServer({ ...settings, ALLOW_FILE_REPOSITORIES: 'true' })
  const database = new pg.Client({ connectionString: postgres.url })
  await database.connect()
  const client = createClient(server.url, tokenOf('dan'))
  const scene = { client, approver: createClient(server.url, tokenOf('ann')), database, server }
  console.log(`\n${WAITING} deployments that wait, on ${environments} environments`)
  await seed(scene, environments)
  const before = await idle(scene)
  await fill(scene, environments)
  const during = await idle(scene)
  console.log(`  at rest, of one core: ${before.cpu} with none, ${during.cpu} with all of them`)
  console.log(`  at rest, transactions/s: ${before.transactions} with none, ${during.transactions} with all of them`)
  await approve(scene)
  tell(
    'an approval',
    await startTimes(scene, 'SELECT at FROM deployment_reviews AS review WHERE review.deployment_id = deployment.id'),
  )
  await thaw(scene)
  tell('the end of a freeze', await startTimes(scene, 'SELECT max(ends_at) FROM freezes'))
  await succeed(scene, environments)
  tell(
    'a success elsewhere',
    await startTimes(
      scene,
      `SELECT finished_at FROM deployments AS success JOIN environments ON environments.id = success.environment_id
       WHERE success.candidate_id = deployment.candidate_id AND environments.name = 'staging'`,
    ),
  )
  await database.end()
  await server.end('SIGTERM')
  await postgres.stop()
  await rm(dataDir, { recursive: true, force: true })
}

async function seed({ client }: Scene, environments: number): Promise<void> {
  const repository = await createGitRepository()
  const commit = await repository.commit('first')
  await client.query('mutation ($input: CreateProjectInput!) { createProject(input: $input) { project { id } } }', {
    input: { name: 'shop', repository: 'acme/shop', repositoryHost: 'GIT', cloneUrl: repository.cloneUrl },
  })
  const create = (name: string, tier: string, gates: object = {}) =>
    client.query(
      'mutation ($input: CreateEnvironmentInput!) { createEnvironment(input: $input) { environment { id } } }',
      { input: { project: 'shop', name, tier, gates } },
    )
  await create('staging', 'STAGING')
  for (let count = 0; count < environments; count++) {
    await create(`env-${count}`, 'PRODUCTION', { approval: { requiredApprovals: 1 } })
  }
  for (let count = 1; count <= CANDIDATES; count++) {
    await client.rest('POST', `/api/releases/shop/releases/v1-rc${count}`, { repo: 'acme/shop', commit })
  }
  await repository.remove()
}

const pathOf = (environment: number) => `/api/releases/shop/environments/env-${environment}/deployments`

async function fill({ client }: Scene, environments: number): Promise<void> {
  const begun = performance.now()
  let asked = 0
  const ask = async () => {
    while (asked < WAITING) {
      const number = asked++
      const candidate = 1 + (Math.floor(number / environments) % CANDIDATES)
      const body = { release_candidate_version: `v1-rc${candidate}` }
      const { status } = await client.rest('POST', pathOf(number % environments), body)
      if (status !== 201) throw new Error(`A deployment was answered with ${status}`)
    }
  }
  await Promise.all(Array.from({ length: 8 }, ask))
  console.log(`  asked for in ${((performance.now() - begun) / 1_000).toFixed(0)} s`)
}

/** What the server, whose worker it is, and the database do while nothing happens. */
async function idle({ server, database }: Scene): Promise<{ cpu: string; transactions: string }> {
  await sleep(3_000)
  const [cpu, transactions] = [await cpuSeconds(server), await transactionCount(database)]
  await sleep(IDLE_SECONDS * 1_000)
  const busy = ((await cpuSeconds(server)) - cpu) / IDLE_SECONDS
  const rate = ((await transactionCount(database)) - transactions) / IDLE_SECONDS
  return { cpu: `${(busy * 100).toFixed(1)} %`, transactions: rate.toFixed(1) }
}

async function cpuSeconds({ child }: ServerProcess): Promise<number> {
  const stat = await readFile(`/proc/${child.pid}/stat`, 'utf8')
  const [user = 0, system = 0] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13)
    .map(Number)
  return (user + system) / 100
}

async function transactionCount(database: pg.Client): Promise<number> {
  const { rows } = await database.query<{ count: string }>(
    'SELECT xact_commit + xact_rollback AS count FROM pg_stat_database WHERE datname = current_database()',
  )
  return Number(rows[0]?.count)
}

/** IDs of waiting deployments, of any environment. */
async function someWaiting({ client }: Scene, count: number): Promise<string[]> {
  const { project } = await client.query<{
    project: { environments: { deployments: { nodes: { id: string; admittedAt: string | null }[] } }[] }
  }>(
    `{ project(name: "shop") { environments(tier: [PRODUCTION]) { deployments(first: 100, status: [PENDING]) { nodes { id admittedAt } } } } }`,
  )
  const all = project.environments
    .flatMap(({ deployments }) => deployments.nodes)
    .filter(one => one.admittedAt === null)
  return all
    .toSorted(() => Math.random() - 0.5)
    .slice(0, count)
    .map(({ id }) => id)
}

const APPROVE = 'mutation ($id: ID!) { approveDeployment(input: { deployment: $id }) { deployment { id } } }'

async function approve(scene: Scene): Promise<void> {
  const times: number[] = []
  for (const id of await someWaiting(scene, SAMPLES)) {
    const begun = performance.now()
    await scene.approver.query(APPROVE, { id })
    times.push(performance.now() - begun)
  }
  console.log(`  the call that approves takes ${quantiles(times)}`)
}

/** Approves in a freeze, and waits for its end. */
async function thaw(scene: Scene): Promise<void> {
  await started(scene)
  const ids = await someWaiting(scene, SAMPLES)
  await scene.client.query(
    'mutation ($endsAt: DateTime!) { createFreeze(input: { project: "shop", endsAt: $endsAt, reason: "Bench" }) { freeze { id } } }',
    { endsAt: new Date(Date.now() + FREEZE_SECONDS * 1_000) },
  )
  for (const id of ids) await scene.approver.query(APPROVE, { id })
  await sleep(FREEZE_SECONDS * 1_000 + 3_000)
}

/** Takes approvals for promotions, and has candidates succeed on staging. */
async function succeed(scene: Scene, environments: number): Promise<void> {
  await started(scene)
  for (let count = 0; count < environments; count++) {
    await scene.client.query(
      'mutation ($input: UpdateEnvironmentInput!) { updateEnvironment(input: $input) { environment { id } } }',
      {
        input: {
          project: 'shop',
          environment: `env-${count}`,
          gates: { approval: null, promotion: { environments: ['staging'] } },
        },
      },
    )
  }
  await sleep(2_000)
  await started(scene)
  for (let candidate = CANDIDATES; candidate > CANDIDATES - 2; candidate--) {
    const body = { release_candidate_version: `v1-rc${candidate}`, status: 'success' }
    await scene.client.rest('PATCH', '/api/releases/shop/environments/staging/deployments', body)
    await sleep(4_000)
  }
}

/** Forgets which deployments have started so far, for the next count. */
async function started({ database }: Scene): Promise<void> {
  await database.query(`UPDATE deployments SET status = 'CANCELED', finished_at = now(), started_at = now()
    WHERE admitted_at IS NOT NULL AND finished_at IS NULL`)
}

/** How many milliseconds after its gate had opened each deployment started. */
async function startTimes({ database }: Scene, openedAt: string): Promise<number[]> {
  const { rows } = await database.query<{ ms: string }>(`
    SELECT extract(epoch FROM admitted_at - (${openedAt})) * 1000 AS ms FROM deployments AS deployment
    JOIN environments ON environments.id = deployment.environment_id
    WHERE admitted_at IS NOT NULL AND deployment.finished_at IS NULL AND environments.name <> 'staging'`)
  return rows.map(({ ms }) => Number(ms))
}

function tell(what: string, times: readonly number[]): void {
  console.log(`  ${times.length} start after ${what}: ${quantiles(times)}`)
}

function quantiles(times: readonly number[]): string {
  const sorted = [...times].sort((a, b) => a - b)
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]?.toFixed(0)
  return `median ${at(0.5)} ms, p95 ${at(0.95)} ms, worst ${at(1)} ms`
}
