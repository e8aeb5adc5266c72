import { expect, test } from 'vitest'
import { type SqlTransaction, sqlTransaction, transaction } from '../../../src/database/transaction.js'
import { enqueue } from '../../../src/jobs/jobs.js'
import { unique, useSlipway } from '../../support/slipway.js'

const slipway = useSlipway()

type Run = (work: (tx: SqlTransaction) => Promise<void>) => Promise<void>

const ofSql: Run = work => sqlTransaction(slipway.database, work)
const ofPrisma: Run = work => transaction(slipway.database, work)
const KINDS: readonly (readonly [string, Run])[] = [
  ['a transaction of SQL', ofSql],
  ['a transaction of Prisma', ofPrisma],
]

const wake = (tx: SqlTransaction, key: string, environmentId = key) =>
  enqueue(tx, 'admit-waiting', { environmentId }, { key })

async function jobs(prefix: string): Promise<{ key: string; payload: { environmentId: string } }[]> {
  const { rows } = await slipway.database.pool.query(
    'SELECT key, payload FROM graphile_worker._private_jobs WHERE key LIKE $1 ORDER BY id',
    [`${prefix}%`],
  )
  return rows
}

/** Lets nobody go on before this many have come. */
function meeting(count: number): () => Promise<void> {
  let coming = count
  let open: () => void = () => undefined
  const opened = new Promise<void>(resolve => {
    open = resolve
  })
  return () => {
    coming -= 1
    if (coming <= 0) open()
    return opened
  }
}

test.each(KINDS)('%s stores its jobs in the order of their keys, the last of each', async (_kind, run) => {
  const name = unique('job')
  await run(async tx => {
    for (const key of ['c', 'a', 'b', 'a']) await wake(tx, `${name}-${key}`, `${key}-${Math.random()}`)
    await wake(tx, `${name}-a`, 'the last')
  })
  const stored = await jobs(name)
  expect(stored.map(({ key }) => key)).toEqual([`${name}-a`, `${name}-b`, `${name}-c`])
  expect(stored[0]?.payload).toEqual({ environmentId: 'the last' })
})

test.each(KINDS)('%s that is undone stores none', async (_kind, run) => {
  const name = unique('job')
  const undone = run(async tx => {
    await wake(tx, name)
    throw new Error('undone')
  })
  await expect(undone).rejects.toThrow('undone')
  expect(await jobs(name)).toEqual([])
})

test.each(KINDS)('%s takes no jobs after its end', async (_kind, run) => {
  let kept: SqlTransaction | undefined
  await run(async tx => {
    kept = tx
  })
  await expect(wake(kept as SqlTransaction, unique('job'))).rejects.toThrow('after its transaction')
})

test('transactions that enqueue the same jobs in different orders do not wait for each other', async () => {
  const keys = Array.from({ length: 8 }, () => unique('job'))
  let tries = 0
  for (let round = 0; round < 25; round += 1) {
    const meet = meeting(4)
    const orders = [keys, keys.toReversed(), keys.toSorted(), keys.toSorted().toReversed()]
    await Promise.all(
      orders.map((order, index) =>
        (index % 2 === 0 ? ofSql : ofPrisma)(async tx => {
          tries += 1
          for (const key of order) await wake(tx, key)
          await meet()
        }),
      ),
    )
  }
  // None was undone and repeated.
  expect(tries).toBe(100)
})
