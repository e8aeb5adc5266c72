import pg from 'pg'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Prisma } from '../../../src/database/generated/client.js'
import { queryReader } from '../../../src/database/transaction.js'
import { createServer } from '../../../src/server/server.js'
import { createProject, type SeededProject } from '../../support/seed.js'
import { useSlipway } from '../../support/slipway.js'
import { JWT_SECRET, testToken } from '../../support/token.js'

const slipway = useSlipway()
const lines: { level: number; msg: string }[] = []
// Of all who ask: a token has a line of its own.
const TOKEN = testToken()
const WARN = 40

let server: Awaited<ReturnType<typeof createServer>>
let url: string
let project: SeededProject

beforeAll(async () => {
  const log = pino({ level: 'info' }, { write: line => void lines.push(JSON.parse(line)) })
  server = await createServer({
    services: slipway.services,
    worker: null,
    log,
    jwtSecret: JWT_SECRET,
    webhookSecrets: { github: undefined, buildkite: undefined },
    publicUrl: undefined,
    rateLimit: 0,
    shedsLoad: false,
  })
  url = await server.listen({ host: '127.0.0.1', port: 0 })
  project = await createProject(slipway)
  // The sizes of lists are measured with the first query, which would sleep, too.
  await ask(new AbortController().signal)
  // What reads projects takes a while from now on.
  await slipway.database.pool.query('ALTER TABLE projects RENAME TO all_projects')
  await slipway.database.pool.query(`CREATE VIEW projects AS SELECT all_projects.* FROM all_projects, pg_sleep(60)`)
})

afterAll(() => server.close())

/** Who runs statements that sleep, by the name of their connections. */
async function sleepers(): Promise<number> {
  const client = new pg.Client({ connectionString: slipway.databaseUrl })
  await client.connect()
  const { rowCount } = await client.query(
    "SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()",
  )
  await client.end()
  return rowCount ?? 0
}

function ask(signal: AbortSignal, query = `{ project(name: "${project.name}") { name } }`): Promise<Response> {
  return fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${TOKEN}` },
    body: JSON.stringify({ query }),
    signal,
  })
}

/** What something is refused with that takes no time in the database. */
function refusalOf(signal: AbortSignal) {
  return async () => {
    const answer = (await (await ask(signal, '{ __typename }')).json()) as { errors?: object[] }
    return answer.errors?.[0]
  }
}

test('those who leave have their queries canceled, also who waits for a turn, and nothing is wrong', async () => {
  const { queryPool } = slipway.database
  const connections = queryPool.options.max
  const leaving = new AbortController()
  const asked = Array.from({ length: connections + 100 }, () => ask(leaving.signal).catch((error: Error) => error.name))
  await expect.poll(sleepers).toBe(connections)
  const refused = { extensions: { code: 'RATE_LIMITED', reason: 'RATE_LIMITED', retryAfter: 5 } }
  await expect.poll(refusalOf(leaving.signal)).toMatchObject(refused)
  leaving.abort()
  expect(new Set(await Promise.all(asked))).toEqual(new Set(['AbortError']))
  await expect.poll(sleepers).toBe(0)
  await expect.poll(refusalOf(new AbortController().signal)).toBeUndefined()
  expect(queryPool.waitingCount).toBe(0)
  expect((await queryPool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
  expect(lines.filter(({ level }) => level >= WARN)).toEqual([])
})

test('one that takes too long is told so, with when to try again', async () => {
  const response = await ask(new AbortController().signal)
  expect(await response.json()).toMatchObject({
    errors: [{ extensions: { code: 'UNAVAILABLE', reason: 'QUERY_TOO_SLOW', retryAfter: 5 } }],
  })
})

test('a query that an administrator ends is not taken for one that takes too long', async () => {
  const answer = ask(new AbortController().signal)
  await expect.poll(sleepers).toBe(1)
  await slipway.database.pool.query(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'",
  )
  expect(await (await answer).json()).toMatchObject({
    errors: [{ extensions: { code: 'UNAVAILABLE', reason: 'DATABASE_UNAVAILABLE', retryAfter: 5 } }],
  })
})

test('who leaves takes nobody along', async () => {
  const rounds = 300
  const outcomes = await Promise.all(
    Array.from({ length: rounds }, async (_, number) => {
      const leaving = new AbortController()
      const reading = Promise.resolve(
        queryReader(slipway.database, leaving.signal).$queryRaw<unknown[]>(
          Prisma.sql`SELECT ${number}::int AS number, pg_sleep(0.004)::text AS slept`,
        ),
      )
      if (number % 2 === 0) setTimeout(() => leaving.abort(), Math.random() * 400)
      const outcome = await reading.then(
        () => 'read',
        (error: Error) => error.name,
      )
      return { leaves: number % 2 === 0, outcome }
    }),
  )
  expect(outcomes.filter(({ leaves, outcome }) => !leaves && outcome !== 'read')).toEqual([])
  expect(outcomes.filter(({ outcome }) => outcome !== 'read' && outcome !== 'AskerLeft')).toEqual([])
  expect(outcomes.filter(({ outcome }) => outcome === 'AskerLeft').length).toBeGreaterThan(0)
})
