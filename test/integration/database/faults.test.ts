import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { SlipwayError } from '../../../src/core/errors.js'
import { connectionSettings, prepareSession } from '../../../src/database/connection.js'
import { type Fault, faultOf, isDatabaseUnavailable } from '../../../src/database/faults.js'
import { Prisma } from '../../../src/database/generated/client.js'
import { transaction } from '../../../src/database/transaction.js'
import { describeError } from '../../../src/graphql/error-description.js'
import { useSlipway } from '../../support/slipway.js'

const slipway = useSlipway()

let client: pg.Client
let other: pg.Client

beforeAll(async () => {
  ;[client, other] = await Promise.all([connect(), connect()])
  await client.query('CREATE TABLE things (name text PRIMARY KEY, size int)')
  await client.query("INSERT INTO things VALUES ('one', 1), ('two', 2)")
})

afterAll(() => Promise.all([client.end(), other.end()]))

async function connect(): Promise<pg.Client> {
  const client = new pg.Client(connectionSettings(slipway.databaseUrl, 'work', 'test'))
  client.on('error', () => undefined)
  await client.connect()
  await prepareSession(client, 'work')
  return client
}

/** What a promise is rejected with. */
const rejection = (work: Promise<unknown>) =>
  work.then(
    () => null,
    (error: unknown) => error,
  )

/** What is told to whoever asked. */
const told = (error: unknown) => {
  const { reason, status, retryAfter } = describeError(error, { error: () => undefined, warn: () => undefined })
  return { reason, status, retries: retryAfter !== undefined }
}
const LATER = { reason: 'DATABASE_UNAVAILABLE', status: 503, retries: true }
const YOURS = { reason: 'INVALID_INPUT', status: 400, retries: false }
const TOO_SLOW = { reason: 'QUERY_TOO_SLOW', status: 503, retries: true }
const ANSWERS: Readonly<Record<Fault, object>> = {
  conflict: LATER,
  busy: LATER,
  lost: LATER,
  'read-only': LATER,
  'too slow': TOO_SLOW,
  text: YOURS,
  size: YOURS,
}

const random = (bytes: number) =>
  Array.from({ length: bytes }, () => String.fromCharCode(33 + Math.floor(Math.random() * 90))).join('')

describe('a statement that fails', () => {
  test.each<[code: string, fault: Fault | null, statement: string, values?: unknown[]]>([
    [
      '22001',
      'size',
      "SELECT 'abc'::varchar(2)::text || 'x'; CREATE TEMP TABLE s (a varchar(1)); INSERT INTO s VALUES ('ab')",
    ],
    ['22003', 'size', 'SELECT $1::int8::int4', ['9999999999']],
    ['22008', 'size', 'SELECT $1::timestamptz', ['2026-02-31T00:00:00Z']],
    ['22021', 'text', 'SELECT $1::text', ['a\0b']],
    ['22P05', 'text', 'SELECT $1::jsonb', ['"a\\u0000b"']],
    ['54000', 'size', 'INSERT INTO things VALUES ($1, 1)', [random(20_000)]],
    ['57014', 'too slow', 'SET LOCAL statement_timeout = 20; SELECT pg_sleep(60)'],
    ['25006', 'read-only', 'SET TRANSACTION READ ONLY; CREATE TABLE more (id int)'],
    ['42601', null, 'SELECT FROM FROM'],
    ['23505', null, "INSERT INTO things VALUES ('one', 1)"],
    ['22P02', null, "SELECT 'x'::uuid"],
  ])('as %s is taken as %j', async (code, fault, statement, values) => {
    await client.query('BEGIN')
    const error = await rejection(client.query(values === undefined ? statement : { text: statement, values }))
    await client.query('ROLLBACK')
    expect(error).toMatchObject({ code })
    expect(faultOf(error)).toBe(fault)
    expect(told(error)).toMatchObject(fault === null ? { reason: 'INTERNAL', status: 500 } : ANSWERS[fault])
  })
})

test('a lock that somebody else holds is given up, and comes later', async () => {
  await other.query("BEGIN; SELECT FROM things WHERE name = 'one' FOR UPDATE")
  await client.query('BEGIN; SET LOCAL lock_timeout = 20')
  const error = await rejection(client.query("SELECT FROM things WHERE name = 'one' FOR UPDATE"))
  await Promise.all([client.query('ROLLBACK'), other.query('ROLLBACK')])
  expect(error).toMatchObject({ code: '55P03' })
  expect([faultOf(error), told(error)]).toEqual(['busy', LATER])
})

test('transactions that are not serializable conflict', async () => {
  const run = async (one: pg.Client, change: string) => {
    await one.query(change)
    return one
  }
  for (const one of [client, other]) {
    await one.query('BEGIN ISOLATION LEVEL SERIALIZABLE')
    await one.query('SELECT sum(size) FROM things')
  }
  await run(client, "UPDATE things SET size = size + 1 WHERE name = 'one'")
  await run(other, "UPDATE things SET size = size + 1 WHERE name = 'two'")
  await client.query('COMMIT')
  const error = await rejection(other.query('COMMIT'))
  await other.query('ROLLBACK')
  expect(error).toMatchObject({ code: '40001' })
  expect([faultOf(error), told(error)]).toEqual(['conflict', LATER])
})

test.each([
  ['25P03', 'idles in its transaction', 'SET idle_in_transaction_session_timeout = 50; BEGIN'],
  ['57P01', 'is ended by an administrator', 'SELECT pg_terminate_backend(pg_backend_pid())'],
])('a session that gets %s, since it %s, is lost', async (code, _why, statement) => {
  const doomed = await connect()
  const ended = new Promise<unknown>(resolve => doomed.once('error', resolve))
  const outcome = rejection(doomed.query(statement))
  const error = (await Promise.race([ended, outcome.then(error => error ?? ended)])) as Error
  expect(error).toMatchObject({ code })
  expect([faultOf(error), told(error)]).toEqual(['lost', LATER])
  const afterwards = await rejection(doomed.query('SELECT 1'))
  expect([faultOf(afterwards), told(afterwards)]).toEqual(['lost', LATER])
})

test.each<[what: string, change: (url: URL) => void, fault: Fault]>([
  ['a database that is not there', url => Object.assign(url, { pathname: '/nowhere' }), 'lost'],
  ['a wrong password', url => Object.assign(url, { password: 'wrong' }), 'lost'],
  ['a port on which nobody listens', url => Object.assign(url, { port: '1' }), 'lost'],
  ['a host that nobody knows', url => Object.assign(url, { hostname: 'nowhere.invalid' }), 'lost'],
])('%s is unavailable', async (_what, change, fault) => {
  const url = new URL(slipway.databaseUrl)
  change(url)
  const client = new pg.Client(connectionSettings(url.href, 'work', 'test'))
  const error = await rejection(client.connect())
  expect([faultOf(error), told(error), isDatabaseUnavailable(error)]).toEqual([fault, LATER, true])
})

test('a role that may have no more connections is told to come later', async () => {
  const { rows } = await client.query<{ name: string }>('SELECT current_database() AS name')
  const name = rows[0]?.name ?? ''
  const role = `${name}_few`
  await client.query(`CREATE ROLE ${role} LOGIN CONNECTION LIMIT 0 PASSWORD 'few'`)
  const url = Object.assign(new URL(slipway.databaseUrl), { username: role, password: 'few' })
  const error = await rejection(new pg.Client(connectionSettings(url.href, 'work', 'test')).connect())
  await client.query(`DROP ROLE ${role}`)
  expect(error).toMatchObject({ code: '53300' })
  expect([faultOf(error), told(error)]).toEqual(['busy', LATER])
})

test('what Prisma makes of an error of PostgreSQL means the same', async () => {
  const failing = (statement: Prisma.Sql) =>
    rejection(transaction(slipway.database, tx => Promise.resolve(tx.$queryRaw<unknown>(statement))))
  expect(faultOf(await failing(Prisma.sql`SELECT ${'a\0b'}::text`))).toBe('text')
  expect(faultOf(await failing(Prisma.sql`SELECT 1 FROM things WHERE name = 'one' AND pg_sleep(0) IS NULL`))).toBeNull()
  await other.query("BEGIN; SELECT FROM things WHERE name = 'one' FOR UPDATE")
  const held = await failing(Prisma.sql`SELECT 1 FROM things WHERE name = 'one' FOR UPDATE`)
  await other.query('ROLLBACK')
  expect([faultOf(held), told(held)]).toEqual(['busy', LATER])
})

test('what an error of ours was caused by is not taken for the database’s', () => {
  const cause = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
  expect(faultOf(cause)).toBe('lost')
  expect(faultOf(new SlipwayError('HOST_UNAVAILABLE', { cause }))).toBeNull()
})
