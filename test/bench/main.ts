import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import autocannon from 'autocannon'
import { pino } from 'pino'
import { startEmbeddedPostgres } from '../../src/database/embedded-postgres.js'
import { signToken } from '../../src/server/token.js'
import { type Client, createClient } from '../support/client.js'
import { createGitRepository } from '../support/git-repository.js'
import { startServer } from '../support/server-process.js'
import { benchDearest } from './dearest.js'
import { benchSoak } from './soak.js'
import { benchWaiting } from './waiting.js'

// Entry point of `npm run bench`, or of one bench by its name, such as `npm run bench -- throughput`: what a deployment costs beside the bare SQL, what a start costs, what a crash does, what deployments that wait take, and the dearest query.

const ROUNDS = 5
const ROUND_SECONDS = 3
const CRASHES = 20
const ENVIRONMENTS = 16
const JWT_SECRET = 'a secret of the bench that is long enough'
const TOKEN = signToken(JWT_SECRET, { subject: 'bench', role: 'admin', projects: null, expiresInSeconds: 3_600 })
const BODY = { release_candidate_version: 'v1-rc1' }
const log = pino({ level: 'silent' })

const median = (values: number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
const pathOf = (environment: number) => `/api/releases/shop/environments/env-${environment}/deployments`

/** Sets up a project with environments and a candidate to deploy. */
async function seed(client: Client): Promise<void> {
  const repository = await createGitRepository()
  const commit = await repository.commit('first')
  await client.query('mutation ($input: CreateProjectInput!) { createProject(input: $input) { project { id } } }', {
    input: { name: 'shop', repository: 'acme/shop', repositoryHost: 'GIT', cloneUrl: repository.cloneUrl },
  })
  for (let count = 0; count < ENVIRONMENTS; count++) {
    await client.query(
      'mutation ($input: CreateEnvironmentInput!) { createEnvironment(input: $input) { environment { id } } }',
      { input: { project: 'shop', name: `env-${count}`, tier: 'STAGING' } },
    )
  }
  await client.rest('POST', '/api/releases/shop/releases/v1-rc1', { repo: 'acme/shop', commit })
  await repository.remove()
}

async function requestsPerSecond(url: string, connections: number): Promise<number> {
  const result = await autocannon({
    url,
    connections,
    duration: ROUND_SECONDS,
    requests: Array.from({ length: ENVIRONMENTS }, (_, environment) => ({
      method: 'POST' as const,
      path: pathOf(environment),
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
      body: JSON.stringify(BODY),
    })),
  })
  if (result.non2xx > 0 || result.errors > 0) throw new Error(`${result.non2xx} failures, ${result.errors} errors`)
  return result.requests.average
}

async function startPlainServer(databaseUrl: string): Promise<{ child: ChildProcess; url: string }> {
  const script = fileURLToPath(new URL('./plain-server.ts', import.meta.url))
  const child = spawn(process.execPath, ['--import', 'tsx', script], {
    env: { ...process.env, DATABASE_URL: databaseUrl },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  return { child, url: line.toString().trim() }
}

async function benchThroughput(): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), 'slipway-bench-'))
  const postgres = await startEmbeddedPostgres(dataDir, log)
  const settings = { DATABASE_URL: postgres.url, DATA_DIR: dataDir, JWT_SECRET, RATE_LIMIT: '0' }
  const slipway = await startServer({ ...settings, ALLOW_FILE_REPOSITORIES: 'true' })
  await seed(createClient(slipway.url, TOKEN))
  const plain = await startPlainServer(postgres.url)
  for (const url of [slipway.url, plain.url]) await requestsPerSecond(url, 16)
  console.log(`\nPOST of a deployment, requests/s, medians of ${ROUNDS} interleaved rounds of ${ROUND_SECONDS} s`)
  for (const connections of [1, 16]) {
    const measured = { slipway: [] as number[], plain: [] as number[] }
    for (let round = 0; round < ROUNDS; round++) {
      measured.slipway.push(await requestsPerSecond(slipway.url, connections))
      measured.plain.push(await requestsPerSecond(plain.url, connections))
    }
    const [ours, theirs] = [median(measured.slipway), median(measured.plain)]
    const ratio = (ours / theirs).toFixed(2)
    console.log(`  ${connections} connections: Slipway ${ours.toFixed(0)}, plain ${theirs.toFixed(0)}, ratio ${ratio}`)
  }
  await slipway.end('SIGTERM')
  plain.child.kill('SIGKILL')
  await postgres.stop()
  await rm(dataDir, { recursive: true, force: true })
}

async function benchStart(): Promise<void> {
  const first: number[] = []
  const again: number[] = []
  const memory: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const dataDir = await mkdtemp(join(tmpdir(), 'slipway-bench-'))
    for (const times of [first, again]) {
      const begun = performance.now()
      const server = await startServer({ DATA_DIR: dataDir, JWT_SECRET })
      times.push(performance.now() - begun)
      if (times === again) {
        await new Promise(resolve => setTimeout(resolve, 2_000))
        memory.push(await residentMiB(server.child.pid))
      }
      await server.end('SIGTERM')
    }
    await rm(dataDir, { recursive: true, force: true })
  }
  console.log(`\nEmbedded database, medians of ${ROUNDS}`)
  console.log(`  first start to ready ${median(first).toFixed(0)} ms, later ones ${median(again).toFixed(0)} ms`)
  console.log(`  memory of the server at rest ${median(memory).toFixed(0)} MiB`)
}

async function residentMiB(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1_024
}

async function benchCrashes(): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), 'slipway-bench-'))
  const start = () => startServer({ DATA_DIR: dataDir, JWT_SECRET, RATE_LIMIT: '0', ALLOW_FILE_REPOSITORIES: 'true' })
  const answered = new Set<string>()
  const restarts: number[] = []
  let server = await start()
  await seed(createClient(server.url, TOKEN))
  for (let crash = 0; crash < CRASHES; crash++) {
    const client = createClient(server.url, TOKEN)
    const before = answered.size
    const load = Array.from({ length: 16 }, (_, environment) => deployUntilItBreaks(client, environment, answered))
    while (answered.size < before + 100) await new Promise(resolve => setTimeout(resolve, 5))
    await server.end('SIGKILL')
    await Promise.all(load)
    const begun = performance.now()
    server = await start()
    restarts.push(performance.now() - begun)
  }
  const stored = await listAll(createClient(server.url, TOKEN))
  const lost = [...answered].filter(id => !stored.has(id)).length
  await server.end('SIGTERM')
  await rm(dataDir, { recursive: true, force: true })
  console.log(`\n${CRASHES} times kill -9 under load`)
  console.log(`  answered with 2xx ${answered.size}, lost ${lost}`)
  console.log(
    `  ready again after ${median(restarts).toFixed(0)} ms (median), ${Math.max(...restarts).toFixed(0)} ms (worst)`,
  )
}

async function deployUntilItBreaks(client: Client, environment: number, answered: Set<string>): Promise<void> {
  for (let count = 0; count < 10_000; count++) {
    try {
      const { status, body } = await client.rest<{ id: string }>('POST', pathOf(environment), BODY)
      if (status === 201) answered.add(body.id)
    } catch {
      return
    }
  }
}

async function listAll(client: Client): Promise<Set<string>> {
  const ids = new Set<string>()
  for (let environment = 0; environment < ENVIRONMENTS; environment++) {
    for (let page = 1, more = true; more; page++) {
      const { body } = await client.rest<{ id: string }[]>('GET', `${pathOf(environment)}?per_page=100&page=${page}`)
      for (const { id } of body) ids.add(id)
      more = body.length === 100
    }
  }
  return ids
}

const BENCHES = {
  throughput: benchThroughput,
  start: benchStart,
  crashes: benchCrashes,
  soak: benchSoak,
  waiting: benchWaiting,
  dearest: benchDearest,
}
const asked = process.argv.slice(2)
for (const [name, bench] of Object.entries(BENCHES)) {
  if (asked.length === 0 || asked.includes(name)) await bench()
}
