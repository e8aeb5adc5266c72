import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { pino } from 'pino'
import { fromGlobalId } from '../../src/core/global-id.js'
import { startEmbeddedPostgres } from '../../src/database/embedded-postgres.js'
import { StandInGitHub, type StandInRun } from '../../src/demo/stand-in-github.js'
import { signToken } from '../../src/server/token.js'
import { type Client, createClient } from '../support/client.js'
import { Postman } from '../support/postman.js'
import { type ServerProcess, startServer } from '../support/server-process.js'

const DEPLOYMENTS = 1_000
const ENVIRONMENTS = 20
const PER_SECOND = 20
const KILLS = 10
const FAULTS = { dropped: 0.05, doubled: 0.05, reordered: 0.05 }
/** After the last deployment was asked for, everything must have ended by then. */
const PATIENCE_MS = 240_000
const JWT_SECRET = 'a secret of the soak that is long enough'
const TOKEN = signToken(JWT_SECRET, { subject: 'soak', role: 'admin', projects: null, expiresInSeconds: 3_600 })
const WEBHOOK_SECRET = 'what the stand-in signs with'
const SHA = 'abcdef1'.padEnd(40, '0')
const TOKEN_INPUT = 'aviator_deployment_id'

/** What GitHub's conclusions make of a deployment. */
const STATUS: Readonly<Record<string, string>> = { success: 'SUCCESS', failure: 'FAILURE', cancelled: 'CANCELED' }

interface Ended {
  readonly conclusion: string
  readonly at: number
}

/**
 * A thousand deployments through a GitHub that is well; through one whose events get lost, doubled and overtaken; and
 * through that one while the server is killed again and again. Tells whether every status ended up right, and how soon.
 */
export async function benchSoak(): Promise<void> {
  await soak({ isLossy: false, kills: 0 })
  await soak({ isLossy: true, kills: 0 })
  await soak({ isLossy: true, kills: KILLS })
}

interface Hardship {
  /** Whether events are lost, doubled and overtaken. */
  readonly isLossy: boolean
  /** How often the server is killed. */
  readonly kills: number
}

async function soak(hardship: Hardship): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), 'slipway-soak-'))
  const postgres = await startEmbeddedPostgres(dataDir, pino({ level: 'silent' }))
  const ends = new Map<StandInRun, Ended>()
  const received = new Map<string, number>()
  const github = await StandInGitHub.start({
    onEvent: ({ action, run, body }) => {
      if (action === 'requested') playRun(github, run, ends)
      postman.post(body)
    },
    interfere: ({ operation, body }, answer) => {
      const { inputs } = (body ?? {}) as { inputs?: Record<string, string> }
      const id = inputs?.[TOKEN_INPUT]
      if (operation.endsWith('/dispatches') && id !== undefined && !received.has(id)) received.set(id, Date.now())
      return answer()
    },
  })
  github.commits.push(SHA)
  github.workflows.set('deploy.yml', {
    inputs: [TOKEN_INPUT, 'aviator_release_cut_commit_hash', 'aviator_release_candidate_version'],
    titleInput: TOKEN_INPUT,
  })
  const settings = {
    DATABASE_URL: postgres.url,
    DATA_DIR: dataDir,
    JWT_SECRET,
    GITHUB_API_URL: github.url,
    GITHUB_WEBHOOK_SECRET: WEBHOOK_SECRET,
    RATE_LIMIT: '0',
    LOG_LEVEL: 'error',
  }
  let server = await startServer({ ...settings, LOG_LEVEL: 'info' })
  const { port } = new URL(server.url)
  const postman = new Postman(() => server.url, { secret: WEBHOOK_SECRET, ...(hardship.isLossy && { faults: FAULTS }) })
  const client = createClient(server.url, TOKEN)
  await seed(client)

  const answered = new Map<string, number>()
  const restart = async () => {
    await server.end('SIGKILL')
    server = await startServer({ ...settings, PORT: port, LOG_LEVEL: 'info' })
  }
  const underWay: Promise<void>[] = []
  let restarting: Promise<void> = Promise.resolve()
  for (let count = 0; count < DEPLOYMENTS; count++) {
    underWay.push(deploy(client, count % ENVIRONMENTS, answered))
    const every = DEPLOYMENTS / hardship.kills
    if (hardship.kills > 0 && count % every === every / 2) restarting = restarting.then(restart)
    await sleep(1_000 / PER_SECOND)
  }
  await Promise.all(underWay)
  await restarting
  const stored = await waitForEnd(postgres.url, ends)
  await report(hardship, { stored, ends, github, answered, received, postman, server })
  await github.stop()
  await postgres.stop()
  await rm(dataDir, { recursive: true, force: true })
}

/** A run waits, works and ends, as runs do; only faster. */
function playRun(github: StandInGitHub, run: StandInRun, ends: Map<StandInRun, Ended>): void {
  const dice = Math.random()
  const conclusion = dice < 0.8 ? 'success' : dice < 0.9 ? 'failure' : 'cancelled'
  const begin = 50 + Math.random() * 300
  setTimeout(() => github.begin(run), begin)
  setTimeout(
    () => {
      github.finish(run, conclusion)
      ends.set(run, { conclusion, at: Date.now() })
    },
    begin + 200 + Math.random() * 3_000,
  )
}

async function seed(client: Client): Promise<void> {
  await client.query('mutation { createProject(input: { name: "shop", repository: "acme/shop" }) { project { id } } }')
  for (let count = 0; count < ENVIRONMENTS; count++) {
    await client.query(
      'mutation ($input: CreateEnvironmentInput!) { createEnvironment(input: $input) { environment { id } } }',
      {
        input: {
          project: 'shop',
          name: `env-${count}`,
          tier: 'STAGING',
          deployWorkflow: { githubActions: { workflow: 'deploy.yml' } },
        },
      },
    )
  }
  await client.rest('POST', '/api/releases/shop/releases/v1-rc1', { repo: 'acme/shop', commit: SHA })
}

/** Asks until it is answered; what was stored without an answer is looked at in the end as well. */
async function deploy(client: Client, environment: number, answered: Map<string, number>): Promise<void> {
  const path = `/api/releases/shop/environments/env-${environment}/deployments`
  for (let tries = 0; tries < 300; tries++) {
    try {
      const { status, body } = await client.rest<{ id: string }>('POST', path, { release_candidate_version: 'v1-rc1' })
      if (status === 201) {
        answered.set(body.id, Date.now())
        return
      }
    } catch {
      // The server is down.
    }
    await sleep(100)
  }
  throw new Error('The server did not come back')
}

interface StoredDeployment {
  readonly key: string
  readonly status: string
  /** How it is known. */
  readonly source: string
  /** When the status that it has was recorded. */
  readonly recordedAt: Date
}

async function waitForEnd(databaseUrl: string, ends: Map<StandInRun, Ended>): Promise<StoredDeployment[]> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  const until = Date.now() + PATIENCE_MS
  try {
    for (;;) {
      const { rows } = await client.query<StoredDeployment>(`
        SELECT deployments.id AS key, deployments.status, deployments.source, max(change.recorded_at) AS "recordedAt"
        FROM deployments JOIN deployment_status_changes AS change
          ON change.deployment_id = deployments.id AND change.status = deployments.status
        GROUP BY deployments.id`)
      const isOver = rows.every(({ status }) => ['SUCCESS', 'FAILURE', 'CANCELED', 'ERROR'].includes(status))
      if ((isOver && ends.size >= rows.length) || Date.now() > until) return rows
      await sleep(500)
    }
  } finally {
    await client.end()
  }
}

interface Outcome {
  readonly stored: readonly StoredDeployment[]
  readonly ends: ReadonlyMap<StandInRun, Ended>
  readonly github: StandInGitHub
  readonly answered: ReadonlyMap<string, number>
  readonly received: ReadonlyMap<string, number>
  readonly postman: Postman
  readonly server: ServerProcess
}

async function report({ isLossy, kills }: Hardship, outcome: Outcome): Promise<void> {
  const { stored, ends, github, answered, received, postman, server } = outcome
  await postman.rest()
  const runs = new Map<string, StandInRun[]>()
  for (const run of github.runs) {
    const key = fromGlobalId(run.inputs[TOKEN_INPUT] ?? '')?.key ?? ''
    runs.set(key, [...(runs.get(key) ?? []), run])
  }
  const delays: number[] = []
  const bySource = new Map<string, number[]>()
  let right = 0
  for (const { key, status, source, recordedAt } of stored) {
    const end = ends.get(runs.get(key)?.[0] as StandInRun)
    if (end === undefined || STATUS[end.conclusion] !== status) continue
    right++
    const delay = recordedAt.getTime() - end.at
    delays.push(delay)
    bySource.set(source, [...(bySource.get(source) ?? []), delay])
  }
  const twice = [...runs.values()].filter(list => list.length > 1).length
  const keys = new Set(stored.map(({ key }) => key))
  const lost = [...answered.keys()].filter(id => !keys.has(fromGlobalId(id)?.key ?? '')).length
  const latencies = [...answered].flatMap(([id, at]) => (received.has(id) ? [(received.get(id) ?? 0) - at] : []))
  const { sent, dropped, doubled, reordered, failed } = postman.count
  console.log(
    `\nSoak of ${DEPLOYMENTS} deployments, ${PER_SECOND} a second, ${isLossy ? 'with' : 'without'} faults, ${kills} times kill -9`,
  )
  if (isLossy) {
    console.log(
      `  events ${sent}: dropped ${dropped}, doubled ${doubled}, reordered ${reordered}, missed while down ${failed}`,
    )
  }
  console.log(`  answered ${answered.size}, lost ${lost}; stored ${stored.length} (some without an answer, if more)`)
  console.log(`  right status in the end ${right} of ${stored.length}, dispatched twice ${twice}`)
  console.log(
    `  from the run's end to the right status: p50 ${percentile(delays, 50)} ms, p95 ${percentile(delays, 95)} ms`,
  )
  for (const [source, some] of bySource) {
    console.log(
      `    known by ${source}: ${some.length}, p50 ${percentile(some, 50)} ms, p95 ${percentile(some, 95)} ms`,
    )
  }
  if (!isLossy) {
    console.log(
      `  from the answer to the provider's receipt: p50 ${percentile(latencies, 50)} ms, p95 ${percentile(latencies, 95)} ms`,
    )
  }
  await server.end('SIGTERM')
}

function percentile(values: number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))] ?? Number.NaN)
}
