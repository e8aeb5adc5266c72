import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { startEmbeddedPostgres } from '../../src/database/embedded-postgres.js'
import { createClient } from '../support/client.js'
import { type ServerProcess, startServer } from '../support/server-process.js'
import { JWT_SECRET, testToken } from '../support/token.js'

const TOKEN = testToken({ subject: 'ci' })
/** Has a process fail in each of the two ways in which nothing handles an error. */
const FAULTS = `
  process.on('SIGUSR2', () => { throw new Error('thrown by nobody') })
  process.on('SIGPIPE', () => { Promise.reject(new Error('rejected by nobody')) })`
let dataDir: string
/** A GitHub that does not answer. */
let github: Server

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'slipway-end-'))
  github = createServer(() => undefined).listen(0, '127.0.0.1')
  await once(github, 'listening')
})
afterEach(async () => {
  github.closeAllConnections()
  github.close()
  const postgres = await startEmbeddedPostgres(dataDir, pino({ level: 'silent' })).catch(() => null)
  await postgres?.stop()
  await rm(dataDir, { recursive: true, force: true })
})

const start = () =>
  startServer({
    DATA_DIR: dataDir,
    JWT_SECRET,
    GITHUB_API_URL: `http://127.0.0.1:${(github.address() as AddressInfo).port}`,
    NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(FAULTS)}`,
  })
const isDatabaseRunning = () => existsSync(join(dataDir, 'postgres', 'postmaster.pid'))
const fatalLines = ({ log }: ServerProcess) => log.filter(({ level }) => level === 60)
const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))

test.each([
  ['SIGUSR2', 'thrown by nobody'],
  ['SIGPIPE', 'rejected by nobody'],
] as const)(
  'an error that nothing handles (%s) is one line in the log, and an end in order',
  async (signal, message) => {
    const server = await start()
    expect(isDatabaseRunning()).toBe(true)
    expect(await server.end(signal)).toBe(1)
    expect(fatalLines(server)).toMatchObject([{ err: { message } }])
    expect(isDatabaseRunning()).toBe(false)
  },
)

test('one Ctrl-C that comes twice, and a closed terminal, end it in order', async () => {
  const server = await start()
  const ended = server.end('SIGINT')
  server.child.kill('SIGINT')
  await pause(50)
  server.child.kill('SIGHUP')
  expect(await ended).toBe(0)
  expect(fatalLines(server)).toEqual([])
  expect(isDatabaseRunning()).toBe(false)
})

test('a second signal cuts off what is under way, and still ends the database in order', async () => {
  const server = await start()
  const client = createClient(server.url, TOKEN)
  await client.query('mutation { createProject(input: { name: "shop", repository: "acme/shop" }) { project { id } } }')
  const asked = new Promise(resolve => github.once('request', resolve))
  const cut = client
    .rest('POST', '/api/releases/shop/releases/v1-rc1', { repo: 'acme/shop', commit: 'abcdef1' })
    .catch(() => 'cut off')
  await asked
  const ended = server.end('SIGTERM')
  await pause(1_200)
  server.child.kill('SIGTERM')
  expect(await cut).toBe('cut off')
  expect(await ended).toBe(0)
  expect(server.log.map(({ msg }) => msg)).toContain('Slipway ends at once')
  expect(isDatabaseRunning()).toBe(false)
})
