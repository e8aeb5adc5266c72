import pg from 'pg'
import { beforeAll, expect, test } from 'vitest'
import { createProject, type SeededEnvironment, type SeededProject } from '../../support/seed.js'
import { useSlipway } from '../../support/slipway.js'

const slipway = useSlipway()
const CALLERS = 40

let project: SeededProject
let held: SeededEnvironment
let free: SeededEnvironment

beforeAll(async () => {
  project = await createProject(slipway)
  await project.cut('v1-rc1')
  ;[held, free] = [await project.createEnvironment('held'), await project.createEnvironment('free')]
})

/** Locks rows as a server does that was paused in the middle of a transaction. */
async function holding<Result>(statement: string, work: () => Promise<Result>): Promise<Result> {
  const client = new pg.Client({ connectionString: slipway.databaseUrl })
  await client.connect()
  try {
    await client.query('BEGIN')
    await client.query(statement)
    return await work()
  } finally {
    await client.end()
  }
}

const ready = async () => (await fetch(`${slipway.url}/readyz`)).status

/** Settled callers are told apart from those who still wait. */
function watch<Value>(promises: readonly Promise<Value>[]) {
  let settled = 0
  for (const promise of promises) void promise.then(() => (settled += 1))
  return { isAnyWaiting: () => settled < promises.length, all: Promise.all(promises) }
}

test.each<[what: string, statement: string, call: () => Promise<{ status: number; headers: Headers }>]>([
  [
    'reports on an environment',
    "SELECT FROM environments WHERE name = 'held' FOR UPDATE",
    () => held.report('v1-rc1', 'success'),
  ],
  [
    'deployments to an environment',
    "SELECT FROM environments WHERE name = 'held' FOR UPDATE",
    () => held.deploy('v1-rc1'),
  ],
])('%s that somebody holds wait, and everything else goes on', async (_what, statement, call) => {
  await holding(statement, async () => {
    const callers = watch(Array.from({ length: CALLERS }, call))
    // As long as any of them waits, nobody else does.
    for (let round = 0; callers.isAnyWaiting() && round < 20; round += 1) {
      const status = round % 2 ? 'success' : 'in_progress'
      expect((await free.report('v1-rc1', status)).status).toBe(200)
      expect((await free.list()).length).toBeGreaterThan(0)
      if (status === 'success') expect(await free.current()).toBe('v1-rc1')
      expect(await ready()).toBe(200)
      if (round === 0) expect(callers.isAnyWaiting()).toBe(true)
    }
    for (const { status, headers } of await callers.all) {
      expect([status, headers.get('retry-after')]).toEqual([503, '5'])
    }
  })
  expect((await call()).status).toBeLessThan(300)
})

test('a server that has no connection free is ready', async () => {
  const { pool, queryPool } = slipway.database
  const busy = [pool, queryPool].flatMap(each =>
    Array.from({ length: each.options.max }, () => each.query('SELECT pg_sleep(1)')),
  )
  expect(await ready()).toBe(200)
  await Promise.all(busy)
})

test('a line for connections that is too long is told so at once', async () => {
  const { pool } = slipway.database
  const sleeping = Array.from({ length: pool.options.max }, () => pool.query('SELECT pg_sleep(3)'))
  await expect.poll(() => pool.idleCount).toBe(0)
  const inLine = Array.from({ length: 500 }, () => pool.query('SELECT 1'))
  await expect(pool.query('SELECT 1')).rejects.toMatchObject({ code: '53300' })
  expect(await free.report('v1-rc1', 'success')).toMatchObject({ status: 503, body: { code: 'DATABASE_UNAVAILABLE' } })
  await Promise.all([...sleeping, ...inLine])
  expect((await free.report('v1-rc1', 'success')).status).toBe(200)
})
