import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { StandInGitHub, type StandInRun } from '../../src/demo/stand-in-github.js'
import { type Client, createClient } from '../support/client.js'
import { createTestDatabase, type TestDatabase } from '../support/database.js'
import { Postman } from '../support/postman.js'
import { runCommand, startServer, startWorkerProcess } from '../support/server-process.js'
import { letTimePass } from '../support/time-travel.js'
import { JWT_SECRET, testToken } from '../support/token.js'

const TOKEN = testToken({ subject: 'ci' })
const WEBHOOK_SECRET = 'what the stand-in signs with'
const SHA = 'abcdef1'.padEnd(40, '0')
const MINUTE_MS = 60_000
const INPUT = 'aviator_deployment_id'
const PATH = '/api/releases/shop/environments/production/deployments'

type Dispatch = 'usual' | 'done but not answered' | 'lost'

let database: TestDatabase
let dataDir: string
let github: StandInGitHub
let postman: Postman
let slipwayUrl: string
/** What the next dispatches come to; when it is empty, the usual. */
let dispatches: Dispatch[]

beforeEach(async () => {
  database = await createTestDatabase()
  dataDir = await mkdtemp(join(tmpdir(), 'slipway-worker-'))
  dispatches = []
  postman = new Postman(() => slipwayUrl, { secret: WEBHOOK_SECRET })
  github = await StandInGitHub.start({
    onEvent: ({ body }) => postman.post(body),
    interfere: ({ operation }, answer) => {
      if (!operation.endsWith('/dispatches')) return answer()
      const what = dispatches.shift() ?? 'usual'
      if (what === 'done but not answered') answer()
      return what === 'usual' ? answer() : 'hang'
    },
  })
  github.commits.push(SHA)
  github.workflows.set('deploy.yml', {
    inputs: [INPUT, 'aviator_release_cut_commit_hash', 'aviator_release_candidate_version'],
    titleInput: INPUT,
  })
})
afterEach(async () => {
  await postman.rest()
  await github.stop()
  await database.drop()
  await rm(dataDir, { recursive: true, force: true })
})

const settings = () => ({
  DATABASE_URL: database.url,
  DATA_DIR: dataDir,
  JWT_SECRET,
  GITHUB_API_URL: github.url,
  GITHUB_WEBHOOK_SECRET: WEBHOOK_SECRET,
  RUN_CHECK_SECONDS: '1',
})

async function seed(client: Client): Promise<void> {
  await client.query(`mutation {
    createProject(input: { name: "shop", repository: "acme/shop" }) { project { id } }
    createEnvironment(input: {
      project: "shop", name: "production", tier: PRODUCTION, deployWorkflow: { githubActions: { workflow: "deploy.yml" } }
    }) { environment { id } }
  }`)
  await client.rest('POST', '/api/releases/shop/releases/v1-rc1', { repo: 'acme/shop', commit: SHA })
}

async function deploy(client: Client): Promise<string> {
  const { body } = await client.rest<{ id: string }>('POST', PATH, { release_candidate_version: 'v1-rc1' })
  return body.id
}

/** How many sessions a program of this name has on the database. */
async function sessions(name: string): Promise<number> {
  const client = new pg.Client({ connectionString: database.url })
  await client.connect()
  const { rowCount } = await client.query(
    'SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1',
    [name],
  )
  await client.end()
  return rowCount ?? 0
}

const runsOf = (id: string): StandInRun[] => github.runs.filter(run => run.inputs[INPUT] === id)
const statuses = async (client: Client) =>
  (await client.rest<{ status: string }[]>('GET', PATH)).body.map(({ status }) => status)

test('workers apart do what a server without one leaves to do, each job once', async () => {
  const server = await startServer({ ...settings(), RUN_WORKER: 'false' })
  slipwayUrl = server.url
  const client = createClient(server.url, TOKEN)
  await seed(client)
  const ids = [await deploy(client), await deploy(client), await deploy(client)]
  // Nobody is there who would do them.
  expect(await sessions('slipway-worker')).toBe(0)
  expect(github.runs).toEqual([])
  const workers = await Promise.all([startWorkerProcess(settings()), startWorkerProcess(settings())])
  await expect.poll(() => ids.map(id => runsOf(id).length)).toEqual([1, 1, 1])
  expect(await sessions('slipway-worker')).toBeGreaterThan(0)
  for (const run of github.runs) github.finish(run, 'success')
  await expect.poll(() => statuses(client)).toEqual(['success', 'success', 'success'])
  const ended = [server, ...workers].map(({ end }) => end('SIGTERM'))
  expect(await Promise.all(ended)).toEqual([0, 0, 0])
})

test('kill -9 during a dispatch: the next start finds out whether it was done, and does it once', async () => {
  let server = await startServer(settings())
  slipwayUrl = server.url
  let client = createClient(server.url, TOKEN)
  await seed(client)
  dispatches = ['done but not answered', 'lost']
  const done = await deploy(client)
  await expect.poll(() => dispatches).toEqual(['lost'])
  const lost = await deploy(client)
  await expect.poll(() => dispatches).toEqual([])
  await server.end('SIGKILL')
  expect([runsOf(done).length, runsOf(lost).length]).toEqual([1, 0])
  await letTimePass(database.url, MINUTE_MS)
  server = await startServer(settings())
  slipwayUrl = server.url
  client = createClient(server.url, TOKEN)
  await expect.poll(() => runsOf(lost).length).toBe(1)
  for (const run of github.runs) github.finish(run, 'success')
  await expect.poll(() => statuses(client)).toEqual(['success', 'success'])
  expect([runsOf(done).length, runsOf(lost).length]).toEqual([1, 1])
  expect(await server.end('SIGTERM')).toBe(0)
})

test('SIGTERM during a dispatch ends cleanly, and the next start goes on', async () => {
  let server = await startServer(settings())
  slipwayUrl = server.url
  const client = createClient(server.url, TOKEN)
  await seed(client)
  dispatches = ['lost']
  const id = await deploy(client)
  await expect.poll(() => dispatches).toEqual([])
  expect(await server.end('SIGTERM')).toBe(0)
  await letTimePass(database.url, MINUTE_MS)
  server = await startServer(settings())
  slipwayUrl = server.url
  await expect.poll(() => runsOf(id).length).toBe(1)
  await server.end('SIGTERM')
})

test('a worker without a database of yours says what it needs', async () => {
  await expect(runCommand('node dist/worker.js', { DATA_DIR: dataDir, DATABASE_URL: '' })).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining('DATABASE_URL must be set'),
  })
})
