import { randomInt } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { buildSchema } from 'graphql'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createClient } from '../support/client.js'
import { createTestDatabase, type TestDatabase } from '../support/database.js'
import { createGitRepository, type GitRepository } from '../support/git-repository.js'
import { Random } from '../support/random.js'
import { type ServerProcess, startServer } from '../support/server-process.js'
import { JWT_SECRET, testToken } from '../support/token.js'
import { HostileGraphQL } from './hostile-graphql.js'
import { type HostileRequest, type WireRequest, wireRequest } from './hostile-request.js'
import { HostileRest, type KnownValues, type RestDescription } from './hostile-rest.js'
import { encodeText, hostileText, hostileValue } from './hostile-values.js'

const REQUESTS = Number(process.env['TEST_HOSTILE'] ?? 1_500)
const SEED = Number(process.env['TEST_HOSTILE_SEED'] ?? randomInt(2 ** 31))
/** Under way at the same time. */
const AT_ONCE = 8
/** More than any answer takes; what takes longer hangs. */
const PATIENCE_MS = 60_000
const HEALTH_MS = 100
const MOST_FAULTS = 10

let database: TestDatabase
let repository: GitRepository
let dataDir: string
let server: ServerProcess
let known: KnownValues
let tokens: string[]

beforeAll(async () => {
  database = await createTestDatabase()
  repository = await createGitRepository()
  dataDir = await mkdtemp(join(tmpdir(), 'slipway-hostile-'))
  server = await startServer({
    DATABASE_URL: database.url,
    DATA_DIR: dataDir,
    JWT_SECRET,
    // Where nobody listens.
    GITHUB_API_URL: 'http://127.0.0.1:1',
    BUILDKITE_API_URL: 'http://127.0.0.1:1',
    GITHUB_TOKEN: 'x',
    BUILDKITE_TOKEN: 'x',
    GITHUB_WEBHOOK_SECRET: 'x',
    BUILDKITE_WEBHOOK_TOKEN: 'x',
    WEBHOOK_ALLOW_PRIVATE: 'true',
    ALLOW_FILE_REPOSITORIES: 'true',
    RATE_LIMIT: '0',
  })
  tokens = [
    ...Array.from({ length: 5 }, () => testToken()),
    testToken({ role: 'viewer' }),
    testToken({ role: 'deployer', projects: ['shop'] }),
    testToken({ role: 'approver', projects: [] }),
    testToken({ expiresInSeconds: 1 }),
  ]
  known = await seed(tokens[0] ?? '')
})
afterAll(async () => {
  await server.end('SIGTERM')
  await repository.remove()
  await rm(dataDir, { recursive: true, force: true })
  await database.drop()
})

/** Has something to ask for made, and tells by what names. */
async function seed(token: string): Promise<KnownValues> {
  const client = createClient(server.url, token)
  const commits: string[] = []
  const ids: string[] = []
  for (const project of ['shop', 'depot']) {
    const repositoryName = `acme/${project}`
    const created = await client.query<Record<string, Record<string, { id: string }>>>(
      `mutation ($project: CreateProjectInput!) {
        createProject(input: $project) { project { id } }
        a: createEnvironment(input: { project: "${project}", name: "staging", tier: STAGING }) { environment { id } }
        b: createEnvironment(input: { project: "${project}", name: "production", tier: PRODUCTION }) { environment { id } }
      }`,
      { project: { name: project, repository: repositoryName, repositoryHost: 'GIT', cloneUrl: repository.cloneUrl } },
    )
    ids.push(...Object.values(created).flatMap(payload => Object.values(payload).map(({ id }) => id)))
    for (const version of ['v1-rc1', 'v1-rc2', 'v2-rc1']) {
      const commit = await repository.commit(`${project} ${version}`)
      commits.push(commit)
      const path = `/api/releases/${project}/releases/${version}`
      ids.push((await client.rest<{ id: string }>('POST', path, { repo: repositoryName, commit })).body.id)
      for (const environment of ['staging', 'production']) {
        const { body } = await client.rest<{ id: string }>(
          'PATCH',
          `/api/releases/${project}/environments/${environment}/deployments`,
          { release_candidate_version: version, status: 'success' },
        )
        ids.push(body.id)
      }
    }
  }
  const versions = ['v1-rc1', 'v1-rc2', 'v2-rc1', 'v3-rc1']
  return {
    project: ['shop', 'depot'],
    name: ['shop', 'staging', 'production'],
    environment: ['staging', 'production'],
    environments: ['staging', 'production'],
    candidate_version: versions,
    candidateVersion: versions,
    release_candidate_version: versions,
    candidate: versions,
    version: ['v1', 'v2', ...versions],
    repo: ['acme/shop', 'acme/depot'],
    repository: ['acme/shop', 'acme/depot'],
    commit: commits,
    sha: commits,
    id: ids,
    deployment: ids,
    freeze: ids,
    startsAt: [new Date().toISOString()],
    endsAt: [new Date(Date.now() + 60_000).toISOString()],
    rrule: ['FREQ=DAILY', 'FREQ=WEEKLY;BYDAY=MO,FR'],
    duration: ['PT1H', 'P1D'],
    timeZone: ['UTC', 'Europe/Berlin'],
    cloneUrl: [repository.cloneUrl, 'http://127.0.0.1:1/a/b'],
    url: ['http://127.0.0.1:1/hook'],
    first: [0, 1, 20, 100],
    page: [1, 2],
    per_page: [1, 100],
  }
}

test(`${REQUESTS} hostile requests leave the server as it was`, async () => {
  const random = new Random(SEED)
  const description = (await (await fetch(`${server.url}/openapi.json`)).json()) as RestDescription
  const rest = new HostileRest(description, known, random)
  const schema = buildSchema(await readFile(new URL('../../schema/schema.graphql', import.meta.url), 'utf8'))
  const graphql = new HostileGraphQL(schema, known, random)
  const faults: string[] = []
  const statuses = new Map<number, number>()
  const memory: number[] = []
  let sent = 0
  let isOver = false
  let slowestLifeSign = 0
  const life = (async () => {
    while (!isOver) {
      const asked = performance.now()
      const answer = await fetch(`${server.url}/healthz`)
      if (answer.status !== 200) faults.push(`/healthz: ${answer.status}`)
      slowestLifeSign = Math.max(slowestLifeSign, performance.now() - asked)
      await sleep(HEALTH_MS)
    }
  })()
  const sender = async () => {
    while (sent < REQUESTS && faults.length < MOST_FAULTS) {
      sent += 1
      if (sent % Math.ceil(REQUESTS / 10) === 0) memory.push(await residentMemory())
      const request = wireRequest(pick(random, rest, graphql), tokens, random)
      const { status, fault } = await send(request)
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
      if (fault !== null) faults.push(`${fault}\n${JSON.stringify(request).slice(0, 2_000)}`)
    }
  }
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, sender))
  } finally {
    isOver = true
    await life
  }
  console.info(
    [
      `TEST_HOSTILE=${sent} TEST_HOSTILE_SEED=${SEED}`,
      `answers: ${[...statuses]
        .sort(([one], [other]) => one - other)
        .map(([status, count]) => `${count} × ${status}`)
        .join(', ')}`,
      `the slowest sign of life: ${Math.round(slowestLifeSign)} ms`,
      `memory, MiB: ${memory.join(', ')}`,
    ].join('\n'),
  )
  expect(faults, `TEST_HOSTILE_SEED=${SEED}`).toEqual([])
  expect(server.child.exitCode).toBeNull()
  // On a machine that is too busy, the database may be asked in vain for a moment.
  const isFault = ({ level, msg }: Record<string, unknown>) =>
    Number(level) >= 50 && msg !== 'The database is unavailable'
  expect(server.log.filter(isFault)).toEqual([])
  // Whoever asks for something sensible gets it.
  const client = createClient(server.url, tokens[0] ?? '')
  expect(await client.rest('GET', '/api/releases/shop/environments/staging/deployments')).toMatchObject({ status: 200 })
})

function pick(random: Random, rest: HostileRest, graphql: HostileGraphQL): HostileRequest {
  if (random.chance(0.05)) {
    return {
      method: 'POST',
      path: random.pick(['/webhooks/github', '/webhooks/buildkite', '/webhooks/x']),
      body: hostileValue(random),
    }
  }
  if (random.chance(0.03)) {
    return { method: 'GET', path: `/${encodeText(hostileText(random)).slice(0, 10_000)}`, body: undefined }
  }
  return random.chance(0.5) ? rest.write() : graphql.write()
}

async function send({ method, path, headers, body }: WireRequest): Promise<{ status: number; fault: string | null }> {
  try {
    const response = await fetch(`${server.url}${path}`, {
      method,
      headers,
      body,
      redirect: 'manual',
      signal: AbortSignal.timeout(PATIENCE_MS),
    })
    const text = await response.text()
    return { status: response.status, fault: faultOf(response, text) }
  } catch (error) {
    return {
      status: 0,
      fault: `no answer: ${error instanceof Error ? `${error.message} ${String(error.cause)}` : error}`,
    }
  }
}

/** What is wrong with an answer, whatever was asked; null: nothing. */
function faultOf({ status, headers }: Response, text: string): string | null {
  if (status >= 500 && (status !== 503 || !headers.has('retry-after'))) return `${status} ${text.slice(0, 500)}`
  if (text.includes('INTERNAL_SERVER_ERROR')) return `${status} ${text.slice(0, 500)}`
  return null
}

/** In MiB. */
async function residentMemory(): Promise<number> {
  const status = await readFile(`/proc/${server.child.pid}/status`, 'utf8').catch(() => '')
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? Number.NaN) / 1_024)
}
