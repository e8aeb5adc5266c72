import type { TaskList } from 'graphile-worker'
import pg from 'pg'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { closeDatabase, type Database, openDatabase } from '../../../src/database/client.js'
import { connectionSettings, type Purpose, prepareSession } from '../../../src/database/connection.js'
import { Crew } from '../../../src/jobs/crew.js'
import { LivingWorkers } from '../../../src/jobs/living-workers.js'
import { createTestDatabase, type TestDatabase } from '../../support/database.js'

// The database says otherwise in everything: what counts is what the sessions are set to.
const HOSTILE = {
  default_transaction_isolation: 'serializable',
  statement_timeout: '1min',
  lock_timeout: '200ms',
  idle_in_transaction_session_timeout: '1h',
  tcp_user_timeout: '1h',
  tcp_keepalives_idle: '2h',
  tcp_keepalives_interval: '1h',
  tcp_keepalives_count: '20',
  TimeZone: 'Asia/Tokyo',
  jit: 'on',
  random_page_cost: '9',
}
const NAMES = Object.keys(HOSTILE)
const ASK = `SELECT name, current_setting(name) AS value FROM unnest('{${NAMES.join(',')}}'::text[]) AS name`

const log = pino({ level: 'fatal' })
let testDatabase: TestDatabase
let database: Database

beforeAll(async () => {
  testDatabase = await createTestDatabase()
  const client = new pg.Client({ connectionString: testDatabase.url })
  await client.connect()
  const name = new URL(testDatabase.url).pathname.slice(1)
  for (const [setting, value] of Object.entries(HOSTILE)) {
    await client.query(`ALTER DATABASE ${name} SET ${setting} = '${value}'`)
  }
  await client.end()
  database = openDatabase(testDatabase.url, log)
})

afterAll(async () => {
  await closeDatabase(database)
  await testDatabase.drop()
})

interface Setting {
  readonly name: string
  readonly value: string
}

const byName = (rows: readonly Setting[]) => Object.fromEntries(rows.map(({ name, value }) => [name, value]))

const EVERYWHERE = {
  default_transaction_isolation: 'read committed',
  idle_in_transaction_session_timeout: '15s',
  lock_timeout: '5s',
  // As the system has it, in milliseconds; there are others than Linux, which have none.
  tcp_user_timeout: process.platform === 'linux' ? '30000' : '0',
  tcp_keepalives_idle: '30',
  tcp_keepalives_interval: '10',
  tcp_keepalives_count: '3',
  TimeZone: 'UTC',
  jit: 'off',
  random_page_cost: '1.1',
}

test.each<[what: string, ask: () => Promise<readonly Setting[]>, statementTimeout: string]>([
  ['changes', async () => (await database.pool.query<Setting>(ASK)).rows, '20s'],
  ['Prisma', () => database.$queryRawUnsafe<Setting[]>(ASK), '20s'],
  ['queries', async () => (await database.queryPool.query<Setting>(ASK)).rows, '10s'],
  ['the probe', async () => (await database.probe.query<Setting>(ASK)).rows, '2s'],
])('the connections of %s have their limits, whatever the database says', async (_what, ask, statement_timeout) => {
  expect(byName(await ask())).toEqual({ ...EVERYWHERE, statement_timeout })
})

test.each<[Purpose, object]>([
  ['jobs', { statement_timeout: '20s' }],
  ['life', { statement_timeout: '5s', lock_timeout: '0' }],
  ['migrations', { statement_timeout: '0', lock_timeout: '0', idle_in_transaction_session_timeout: '0' }],
])('a connection for %s is made with its limits', async (purpose, own) => {
  const client = new pg.Client(connectionSettings(testDatabase.url, purpose, 'test'))
  await client.connect()
  await prepareSession(client, purpose)
  const { rows } = await client.query<Setting>(ASK)
  await client.end()
  expect(byName(rows)).toEqual({ ...EVERYWHERE, ...own })
})

test('the worker’s connections have their limits, too', async () => {
  const living = await LivingWorkers.open(testDatabase.url, log)
  let tell: (settings: readonly Setting[]) => void = () => undefined
  const told = new Promise<readonly Setting[]>(resolve => {
    tell = resolve
  })
  const tasks: TaskList = {
    ask: async (_payload, { query }) => tell((await query<Setting>(ASK)).rows),
  }
  const crew = new Crew({
    name: 'test',
    databaseUrl: testDatabase.url,
    tasks: () => tasks,
    slots: 1,
    connections: 1,
    living,
    log,
  })
  await database.pool.query("SELECT graphile_worker.add_job('ask')")
  expect(byName(await told)).toEqual({ ...EVERYWHERE, statement_timeout: '20s' })
  await crew.stop({ abortAfterMs: 0, endAfterMs: 10_000 })
  await living.close()
})

test('a process takes as many connections as it says, and no more', async () => {
  const { queryPool, pool, probe } = database
  const many = Array.from({ length: 30 })
  await Promise.all([pool, queryPool, probe].flatMap(each => many.map(() => each.query('SELECT pg_sleep(0.01)'))))
  expect([pool.totalCount, queryPool.totalCount, probe.totalCount]).toEqual([10, 6, 1])
})
