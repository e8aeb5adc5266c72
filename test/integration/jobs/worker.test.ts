import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { closeDatabase, type Database, openDatabase } from '../../../src/database/client.js'
import { sqlTransaction } from '../../../src/database/transaction.js'
import { enqueue } from '../../../src/jobs/jobs.js'
import { type JobWorker, startWorker } from '../../../src/jobs/worker.js'
import { createTestDatabase, type TestDatabase } from '../../support/database.js'
import { TcpProxy } from '../../support/tcp-proxy.js'

const log = pino({ level: 'fatal' })

let testDatabase: TestDatabase
let database: Database
let proxy: TcpProxy
let workers: JobWorker[]
/** The runs of the jobs that were begun, and of those that were done. */
let begun: string[]
let done: string[]
/** What jobs wait for. */
let gate: Promise<void>

beforeAll(async () => {
  testDatabase = await createTestDatabase()
  database = openDatabase(testDatabase.url, log)
})
afterAll(async () => {
  await closeDatabase(database)
  await testDatabase.drop()
})
beforeEach(async () => {
  proxy = await TcpProxy.before(testDatabase.url)
  begun = []
  done = []
  workers = []
  gate = Promise.resolve()
})
afterEach(async () => {
  await proxy.accept()
  await Promise.all(workers.map(worker => worker.stop()))
  await proxy.refuse()
  await database.$executeRaw`DELETE FROM graphile_worker._private_jobs`
})

async function start(databaseUrl: string): Promise<JobWorker> {
  const work = async (id: string) => {
    begun.push(id)
    await gate
    done.push(id)
  }
  const worker = await startWorker({
    databaseUrl,
    handlers: {
      inside: {
        'admit-waiting': ({ environmentId }) => work(environmentId),
        'roll-back': ({ deploymentId }) => work(deploymentId),
        'deploy-automatically': ({ candidateId }) => work(candidateId),
        'apply-delivery': ({ deliveryId }) => work(deliveryId),
      },
      outside: { 'advance-run': ({ runId }) => work(runId) },
    },
    problems: { record: async () => undefined, clear: async () => undefined },
    sweep: async () => undefined,
    log,
  })
  workers.push(worker)
  return worker
}

const advance = (runId: string, place = runId) =>
  sqlTransaction(database, tx => enqueue(tx, 'advance-run', { runId }, { key: `advance-run:${runId}`, place }))
const admit = (environmentId: string) =>
  sqlTransaction(database, tx => enqueue(tx, 'admit-waiting', { environmentId }, { key: `admit:${environmentId}` }))
const names = (prefix: string, count: number) => Array.from({ length: count }, (_, index) => `${prefix}${index}`)

async function jobsLeft(): Promise<number> {
  const [row] = await database.$queryRaw<[{ count: number }]>`SELECT count(*)::int AS count FROM graphile_worker.jobs`
  return row.count
}

test('jobs that end while the database is away are done again, and new ones after them', async () => {
  let open = () => {}
  gate = new Promise(resolve => {
    open = resolve
  })
  const worker = await start(proxy.url)
  const runs = names('run', 10)
  const environments = names('environment', 4)
  for (const id of runs) await advance(id)
  for (const id of environments) await admit(id)
  await expect.poll(() => begun.length).toBe(14)
  await proxy.refuse()
  open()
  await expect.poll(() => done.length).toBe(14)
  await new Promise(resolve => setTimeout(resolve, 3_000))
  await proxy.accept()
  await advance('later run')
  await admit('later environment')
  await expect.poll(() => done).toEqual(expect.arrayContaining(['later run', 'later environment']))
  await expect.poll(jobsLeft).toBe(0)
  expect(worker.isStalled()).toBe(false)
})

test('jobs that end while the database is away are done by another worker, too', async () => {
  let open = () => {}
  gate = new Promise(resolve => {
    open = resolve
  })
  await start(proxy.url)
  for (const id of names('run', 10)) await advance(id)
  await expect.poll(() => begun.length).toBe(10)
  await proxy.refuse()
  open()
  await expect.poll(() => done.length).toBe(10)
  await start(testDatabase.url)
  await expect.poll(jobsLeft).toBe(0)
  expect(new Set(done).size).toBe(10)
})

test('connections over which nothing comes any more are replaced', async () => {
  await start(proxy.url)
  await advance('before')
  await expect.poll(() => done).toEqual(['before'])
  proxy.freezeOpen()
  await advance('after')
  await admit('after, inside')
  // What the lost connections should have stored is done again.
  await expect.poll(() => [...new Set(done)].sort()).toEqual(['after', 'after, inside', 'before'])
})

test('a worker says that jobs are not being done, and when they are again', async () => {
  const worker = await start(proxy.url)
  expect(worker.isStalled()).toBe(false)
  await proxy.refuse()
  await expect.poll(() => worker.isStalled()).toBe(true)
  await proxy.accept()
  await expect.poll(() => worker.isStalled()).toBe(false)
})

test('a worker whose database is away ends in time', async () => {
  let open = () => {}
  gate = new Promise(resolve => {
    open = resolve
  })
  const worker = await start(proxy.url)
  await advance('run')
  await expect.poll(() => begun).toEqual(['run'])
  proxy.freeze()
  const begunAt = performance.now()
  await worker.stop()
  expect(performance.now() - begunAt).toBeLessThan(15_000)
  open()
  proxy.thaw()
})

test('a place that does not answer holds up no other one, whatever waits for it', async () => {
  let open = () => {}
  gate = new Promise(resolve => {
    open = resolve
  })
  await start(testDatabase.url)
  const slow = names('slow', 200)
  for (const id of slow) await advance(id, 'slow.example')
  await expect.poll(() => begun.length).toBe(4)
  for (const place of names('place', 5)) await advance(place)
  await expect.poll(() => begun).toEqual(expect.arrayContaining(names('place', 5)))
  expect(begun.filter(id => id.startsWith('slow'))).toHaveLength(4)
  open()
  await expect.poll(jobsLeft).toBe(0)
  expect(new Set(done).size).toBe(205)
})
