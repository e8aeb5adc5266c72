import pg from 'pg'
import { beforeAll, expect, test } from 'vitest'
import { Prisma } from '../../../src/database/generated/client.js'
import { queryReader, sqlReader, sqlTransaction, transaction } from '../../../src/database/transaction.js'
import { createProject, type SeededEnvironment, type SeededProject } from '../../support/seed.js'
import { useSlipway } from '../../support/slipway.js'

const slipway = useSlipway()

let project: SeededProject
let environment: SeededEnvironment

beforeAll(async () => {
  project = await createProject(slipway)
  await project.cut('v1-rc1')
  environment = await project.createEnvironment()
})

/** Works on the database as somebody else does. */
async function asSomebodyElse<Result>(work: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client({ connectionString: slipway.databaseUrl, statement_timeout: 60_000 })
  client.on('error', () => undefined)
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

const setting = (text: string) =>
  asSomebodyElse(async client => {
    const { rows } = await client.query<{ name: string }>('SELECT current_database() AS name')
    await client.query(`ALTER DATABASE ${rows[0]?.name} ${text}`)
  })

/** Ends all sessions, so that the next ones begin with what is set now. */
const endSessions = () =>
  asSomebodyElse(client =>
    client.query(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
    ),
  )

test('every connection is bounded in what it waits for', async () => {
  const { database } = slipway
  const names = [
    'lock_timeout',
    'statement_timeout',
    'idle_in_transaction_session_timeout',
    'default_transaction_isolation',
  ]
  const settings = Prisma.sql`SELECT name, setting FROM pg_settings WHERE name = ANY (${names}::text[]) ORDER BY name`
  const expected = (statement: string) => [
    { name: 'default_transaction_isolation', setting: 'read committed' },
    { name: 'idle_in_transaction_session_timeout', setting: '15000' },
    { name: 'lock_timeout', setting: '5000' },
    { name: 'statement_timeout', setting: statement },
  ]
  expect(await queryReader(database, new AbortController().signal).$queryRaw(settings)).toEqual(expected('10000'))
  expect(await sqlReader(database).$queryRaw(settings)).toEqual(expected('20000'))
  expect(await database.$queryRaw(settings)).toEqual(expected('20000'))
})

test('transactions that run into each other are repeated, of either kind', async () => {
  const { database } = slipway
  const ids = (await slipway.database.project.findMany({ select: { id: true } })).map(({ id }) => id)
  const other = await createProject(slipway)
  const [first, second] = [
    ids[0] ?? '',
    other.id ? (await database.project.findFirstOrThrow({ where: { name: other.name } })).id : '',
  ]
  const touch = (id: string) => Prisma.sql`UPDATE projects SET created_at = created_at WHERE id = ${id}::uuid`
  let tries = 0
  const crossing = (run: typeof sqlTransaction | typeof transaction, [one, two]: readonly [string, string]) =>
    run(database, async (tx: { $queryRaw(statement: Prisma.Sql): PromiseLike<unknown> }) => {
      tries += 1
      await tx.$queryRaw(touch(one))
      await tx.$queryRaw(Prisma.sql`SELECT 1 FROM pg_sleep(0.2)`)
      await tx.$queryRaw(touch(two))
    })
  for (const run of [sqlTransaction, transaction] as const) {
    tries = 0
    await Promise.all([crossing(run, [first, second]), crossing(run, [second, first])])
    expect(tries).toBeGreaterThan(2)
  }
})

test.each([
  ['default_transaction_isolation', 'serializable'],
  ['lock_timeout', '200ms'],
  ['statement_timeout', '1ms'],
])('a database whose %s is %s by default changes nothing', async (name, value) => {
  await setting(`SET ${name} = '${value}'`)
  await endSessions()
  await expect.poll(async () => (await environment.report('v1-rc1', 'success')).status).toBe(200)
  try {
    const statuses = await Promise.all(
      Array.from(
        { length: 40 },
        async (_, index) => (await environment.report('v1-rc1', index % 2 ? 'failure' : 'success')).status,
      ),
    )
    expect(statuses.filter(status => status !== 200)).toEqual([])
  } finally {
    await setting(`RESET ${name}`)
  }
})

test('a database that was made read-only is not ready, and ready as soon as it takes changes again', async () => {
  const ready = async () => (await fetch(`${slipway.url}/readyz`)).status
  await setting('SET default_transaction_read_only = on')
  await endSessions()
  await expect.poll(ready).toBe(503)
  const refused = await environment.report('v1-rc1', 'failure')
  expect(refused).toMatchObject({ status: 503, body: { code: 'DATABASE_UNAVAILABLE' } })
  await asSomebodyElse(async client => {
    await client.query('SET default_transaction_read_only = off')
    const { rows } = await client.query<{ name: string }>('SELECT current_database() AS name')
    await client.query(`ALTER DATABASE ${rows[0]?.name} RESET default_transaction_read_only`)
  })
  await expect.poll(ready).toBe(200)
  await expect.poll(async () => (await environment.report('v1-rc1', 'failure')).status).toBe(200)
  await project.cut('v2-rc1')
})

test('sessions that began while a database was read-only are replaced by whoever changes something', async () => {
  const { pool } = slipway.database
  await setting('SET default_transaction_read_only = on')
  await endSessions()
  const readOnly = () => pool.query('SHOW transaction_read_only').then(({ rows }) => rows[0]?.transaction_read_only)
  await expect.poll(() => readOnly().catch(() => null)).toBe('on')
  await asSomebodyElse(async client => {
    await client.query('SET default_transaction_read_only = off')
    const { rows } = await client.query<{ name: string }>('SELECT current_database() AS name')
    await client.query(`ALTER DATABASE ${rows[0]?.name} RESET default_transaction_read_only`)
  })
  expect(await readOnly()).toBe('on')
  // The first one finds out, of either kind, and nobody is told.
  expect((await environment.report('v1-rc1', 'failure')).status).toBe(200)
  expect(await readOnly()).toBe('off')
  await project.createEnvironment()
})

test('a query that takes too long ends, and one whose asker has left is canceled', async () => {
  const { database } = slipway
  const leaving = new AbortController()
  const asked = queryReader(database, leaving.signal).$queryRaw(
    Prisma.sql`SELECT pg_sleep(9), 'somebody waits for this'`,
  )
  const sleeping = () =>
    asSomebodyElse(async client => {
      const { rowCount } = await client.query(
        "SELECT FROM pg_stat_activity WHERE query LIKE '%somebody waits%' AND state = 'active' AND pid <> pg_backend_pid()",
      )
      return rowCount
    })
  const outcome = Promise.resolve(asked).catch((error: Error) => error.name)
  await expect.poll(sleeping).toBe(1)
  leaving.abort()
  expect(await outcome).toBe('AskerLeft')
  expect(await sleeping()).toBe(0)
  const slow = Promise.resolve(
    queryReader(database, new AbortController().signal).$queryRaw(Prisma.sql`SELECT pg_sleep(60)`),
  )
  await expect(slow).rejects.toMatchObject({ code: '57014' })
})
