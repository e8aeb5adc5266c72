import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { startEmbeddedPostgres } from '../../src/database/embedded-postgres.js'
import { type Client, createClient } from '../support/client.js'
import { createTestDatabase } from '../support/database.js'
import { cleanEnvironment } from '../support/environment.js'
import { createGate } from '../support/gate.js'
import { createGitRepository } from '../support/git-repository.js'
import { type ServerProcess, startServer } from '../support/server-process.js'
import { JWT_SECRET, testToken } from '../support/token.js'

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url))
const TOKEN = testToken({ subject: 'ci' })
let dataDir: string

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'slipway-process-'))
})
afterEach(async () => {
  // Takes over what a killed server has left behind, and ends it.
  const postgres = await startEmbeddedPostgres(dataDir, pino({ level: 'silent' })).catch(() => null)
  await postgres?.stop()
  await rm(dataDir, { recursive: true, force: true })
})

const start = (more: Record<string, string> = {}) =>
  startServer({ DATA_DIR: dataDir, JWT_SECRET, ALLOW_FILE_REPOSITORIES: 'true', ...more })

/** Sets up `shop` with an environment `production` and a candidate `v1-rc1`. */
async function seed(client: Client): Promise<void> {
  const repository = await createGitRepository()
  const commit = await repository.commit('first')
  await client.query(
    `mutation ($project: CreateProjectInput!) {
      createProject(input: $project) { project { id } }
      createEnvironment(input: { project: "shop", name: "production", tier: PRODUCTION }) { environment { id } }
    }`,
    { project: { name: 'shop', repository: 'acme/shop', repositoryHost: 'GIT', cloneUrl: repository.cloneUrl } },
  )
  await client.rest('POST', '/api/releases/shop/releases/v1-rc1', { repo: 'acme/shop', commit })
  await repository.remove()
}

const DEPLOYMENTS = '/api/releases/shop/environments/production/deployments'

describe('after kill -9 under load', () => {
  test('the next start has all that was answered with 2xx, and nothing twice', async () => {
    let server = await start()
    await seed(createClient(server.url, TOKEN))
    const answered: string[] = []
    for (let round = 0; round < 3; round++) {
      const client = createClient(server.url, TOKEN)
      const load = Array.from({ length: 8 }, () => deployUntilItBreaks(client, answered))
      const enough = answered.length + 40
      await expect.poll(() => answered.length, { interval: 5 }).toBeGreaterThanOrEqual(enough)
      await server.end('SIGKILL')
      await Promise.all(load)
      server = await start()
    }
    const stored = await listAll(createClient(server.url, TOKEN))
    const ids = stored.map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    expect(answered.filter(id => !ids.includes(id))).toEqual([])
    expect(await server.end('SIGTERM')).toBe(0)
  })
})

async function deployUntilItBreaks(client: Client, answered: string[]): Promise<void> {
  for (let count = 0; count < 10_000; count++) {
    try {
      const { status, body } = await client.rest<{ id: string }>('POST', DEPLOYMENTS, {
        release_candidate_version: 'v1-rc1',
      })
      if (status === 201) answered.push(body.id)
    } catch {
      return
    }
  }
}

async function listAll(client: Client): Promise<{ id: string }[]> {
  const all: { id: string }[] = []
  for (let page = 1; ; page++) {
    const { body } = await client.rest<{ id: string }[]>('GET', `${DEPLOYMENTS}?per_page=100&page=${page}`)
    all.push(...body)
    if (body.length < 100) return all
  }
}

describe('SIGTERM', () => {
  test('lets what is under way end, and ends the embedded database, too', async () => {
    // The candidate's commit is asked for at a GitHub that answers only when the server is about to end.
    const [underWay, ending] = [createGate(), createGate()]
    const github = createServer(async (_request, response) => {
      underWay.open()
      await ending.opened
      response.writeHead(404).end('{}')
    }).listen(0, '127.0.0.1')
    await once(github, 'listening')
    const { port } = github.address() as AddressInfo
    const server = await start({ GITHUB_API_URL: `http://127.0.0.1:${port}` })
    const client = createClient(server.url, TOKEN)
    await client.query('mutation { createProject(input: { name: "hub", repository: "acme/hub" }) { project { id } } }')
    const answer = client.rest('POST', '/api/releases/hub/releases/v1-rc1', { repo: 'acme/hub', commit: 'abcdef1' })
    await underWay.opened
    const code = server.end('SIGTERM')
    await expect.poll(() => server.log.map(({ msg }) => msg)).toContain('Slipway ends')
    ending.open()
    expect(await answer).toMatchObject({ status: 404, body: { error: 'GitHub repository not found' } })
    expect(await code).toBe(0)
    await expect(readFile(join(dataDir, 'postgres', 'postmaster.pid'))).rejects.toThrow('ENOENT')
    github.close()
  })
})

describe('at its start a server', () => {
  test('names all faults of its configuration at once and ends with 1', async () => {
    const child = spawn(process.execPath, [MAIN], {
      env: {
        ...cleanEnvironment(),
        PORT: 'x',
        DATABASE_URL: 'mysql://root:secret@localhost/db',
        JWT_SECRET: 'short',
        ALLOW_FILE_REPOSITORIES: 'yes',
        GITHUB_APP_ID: '1',
        SECRETS_KEY: 'short',
        RUN_WORKER: 'maybe',
        RUN_CHECK_SECONDS: '0',
        LOG_LEVEL: 'loud',
      },
    })
    const [output, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
    expect(code).toBe(1)
    const named = [
      'PORT',
      'DATABASE_URL',
      'JWT_SECRET',
      'ALLOW_FILE_REPOSITORIES',
      'GITHUB_APP_PRIVATE_KEY',
      'SECRETS_KEY',
      'RUN_WORKER',
      'RUN_CHECK_SECONDS',
      'LOG_LEVEL',
    ]
    for (const variable of named) expect(errors).toMatch(new RegExp(`^ {2}${variable} `, 'm'))
    expect(errors + output).not.toMatch(/secret|short|at file:/)
  })

  test('says which port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    const child = spawn(process.execPath, [MAIN], {
      env: { ...cleanEnvironment(), PORT: String(port), DATA_DIR: dataDir },
    })
    const [errors, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')])
    expect({ errors, code }).toEqual({ errors: `PORT ${port} on 127.0.0.1 is in use; set another PORT\n`, code: 1 })
    other.close()
  })

  test('migrates a database of yours once, when four start together', async () => {
    const database = await createTestDatabase()
    const replicas = await Promise.all(Array.from({ length: 4 }, () => start({ DATABASE_URL: database.url })))
    for (const { url } of replicas) expect((await fetch(`${url}/readyz`)).status).toBe(200)
    expect(await Promise.all(replicas.map(replica => replica.end('SIGTERM')))).toEqual([0, 0, 0, 0])
    await database.drop()
  })
})

test('a database that is gone makes requests 503, not the process end', async () => {
  const server: ServerProcess = await start()
  const client = createClient(server.url, TOKEN)
  await seed(client)
  const postmaster = await readFile(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8')
  process.kill(Number(postmaster.split('\n')[0]), 'SIGKILL')
  await expect.poll(async () => (await fetch(`${server.url}/readyz`)).status).toBe(503)
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200)
  const answer = await client.rest('POST', DEPLOYMENTS, { release_candidate_version: 'v1-rc1' })
  expect(answer).toMatchObject({ status: 503, body: { error: 'The database is unavailable' } })
  expect(answer.headers.get('retry-after')).toBe('5')
  const { errors } = await client.graphql('{ project(name: "shop") { name } }')
  expect(errors[0]?.extensions).toMatchObject({ code: 'UNAVAILABLE' })
  expect(await server.end('SIGTERM')).toBe(0)
})

test('no secret is in the log', async () => {
  const server = await start({ LOG_LEVEL: 'trace' })
  const client = createClient(server.url, TOKEN)
  await client.query('{ viewer { subject } }')
  await createClient(server.url, `${TOKEN}x`).rest('GET', DEPLOYMENTS)
  const password = await readFile(join(dataDir, 'postgres-password'), 'utf8')
  expect(await server.end('SIGTERM')).toBe(0)
  const log = JSON.stringify(server.log)
  for (const secret of [TOKEN, JWT_SECRET, password]) expect(log).not.toContain(secret)
})
