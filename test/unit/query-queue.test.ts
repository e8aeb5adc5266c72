import { setMaxListeners } from 'node:events'
import { setImmediate as tick } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { AskerLeft } from '../../src/database/asker-left.js'
import { QueryQueue } from '../../src/database/query-queue.js'

const CHEAP = 10
const DEAR = 20_000
const staying = new AbortController().signal
// Any number may wait on it.
setMaxListeners(0, staying)

/** A queue whose queries go on until they are ended, and which of them were begun. */
function queueOf(slots: number, longestWaitMs?: number) {
  const queue = new QueryQueue(slots, longestWaitMs)
  // Something is changed meanwhile.
  queue.makeWay()
  const begun: string[] = []
  const ends = new Map<string, () => void>()
  return {
    begun,
    /** Asks for a query; the first word of its name is who asks. */
    ask: (name: string, effort: number, signal = staying) => {
      const asked = queue.take(name.split(' ')[0] ?? '', effort, signal, () => {
        begun.push(name)
        return new Promise<void>(resolve => ends.set(name, resolve))
      })
      // Some wait beyond the end of their test.
      asked.catch(() => undefined)
      return asked
    },
    end: async (name: string) => {
      await tick()
      ends.get(name)?.()
      await tick()
    },
  }
}

test('cheap queries are carried out as many at a time as there are slots, in their order', async () => {
  const { ask, end, begun } = queueOf(3)
  for (const number of [1, 2, 3, 4, 5]) void ask(`ann ${number}`, CHEAP)
  await tick()
  expect(begun).toEqual(['ann 1', 'ann 2', 'ann 3'])
  await end('ann 2')
  expect(begun).toEqual(['ann 1', 'ann 2', 'ann 3', 'ann 4'])
})

test.each([1, 2, 3, 6, 24])('two of the dearest are never under way at once, with %d slots', async slots => {
  const { ask, end, begun } = queueOf(slots)
  void ask('ann 1', DEAR)
  void ask('ben 1', DEAR)
  await tick()
  expect(begun).toEqual(['ann 1'])
  await end('ann 1')
  expect(begun).toEqual(['ann 1', 'ben 1'])
})

test('dear queries are under way at once while nothing is changed', async () => {
  const queue = new QueryQueue(3)
  let begun = 0
  const endless = () => {
    begun += 1
    return new Promise<void>(() => undefined)
  }
  for (let asked = 0; asked < 4; asked++) queue.take('ann', DEAR, staying, endless).catch(() => undefined)
  await tick()
  expect(begun).toBe(3)
})

test('cheap queries of others pass beside a dear one', async () => {
  const { ask, begun } = queueOf(6)
  void ask('ann 1', DEAR)
  void ask('ben 1', CHEAP)
  void ask('ben 2', CHEAP)
  await tick()
  expect(begun).toEqual(['ann 1', 'ben 1', 'ben 2'])
})

test('however many queries one asker has waiting, the next one of another comes after one of them at most', async () => {
  const { ask, end, begun } = queueOf(1)
  for (const number of [1, 2, 3, 4]) void ask(`ann ${number}`, DEAR)
  void ask('ben 1', DEAR)
  void ask('ben 2', CHEAP)
  for (const name of ['ann 1', 'ben 1', 'ann 2', 'ben 2']) await end(name)
  expect(begun).toEqual(['ann 1', 'ben 1', 'ann 2', 'ben 2', 'ann 3'])
})

test('askers get the same part of the slots, so that cheap queries come more often than dear ones', async () => {
  const { ask, end, begun } = queueOf(6)
  for (const number of [1, 2, 3]) void ask(`ann ${number}`, DEAR)
  for (let number = 1; number <= 20; number++) void ask(`ben ${number}`, CHEAP)
  await tick()
  for (let ended = 0; ended < 12; ended++) await end(begun[ended] ?? '')
  const dear = begun.filter(name => name.startsWith('ann')).length
  expect(dear).toBeGreaterThan(1)
  expect(begun.length - dear).toBeGreaterThanOrEqual(3 * dear)
})

test('who leaves the line is in nobody’s way', async () => {
  const { ask, end, begun } = queueOf(1)
  const leaving = new AbortController()
  void ask('ann 1', CHEAP)
  const left = expect(ask('ann 2', CHEAP, leaving.signal)).rejects.toThrow(AskerLeft)
  void ask('ann 3', CHEAP)
  leaving.abort()
  await left
  await expect(ask('ann 4', CHEAP, leaving.signal)).rejects.toThrow(AskerLeft)
  await end('ann 1')
  expect(begun).toEqual(['ann 1', 'ann 3'])
})

test('who asks while others of the same asker leave gets a turn', async () => {
  const { ask, end, begun } = queueOf(1)
  const leaving = new AbortController()
  void ask('ann 1', CHEAP)
  void ask('ben 1', CHEAP, leaving.signal)
  // Between the two that leave, whatever is done for each of them.
  leaving.signal.addEventListener('abort', () => queueMicrotask(() => void ask('ben 3', CHEAP)))
  void ask('ben 2', CHEAP, leaving.signal)
  leaving.abort()
  await end('ann 1')
  expect(begun).toEqual(['ann 1', 'ben 3'])
})

test('who waits too long is told when to come again, and holds up nobody behind', async () => {
  const { ask, end, begun } = queueOf(1, 20)
  void ask('ann 1', CHEAP)
  await expect(ask('ann 2', CHEAP)).rejects.toMatchObject({ reason: 'OVERLOADED', retryAfter: expect.any(Number) })
  await end('ann 1')
  void ask('ann 3', CHEAP)
  await tick()
  expect(begun).toEqual(['ann 1', 'ann 3'])
})

test('a query that fails gives its slots back', async () => {
  const queue = new QueryQueue(1)
  const fail = () => Promise.reject(new Error('too slow'))
  await expect(queue.take('ann', DEAR, staying, fail)).rejects.toThrow('too slow')
  expect(await queue.take('ann', DEAR, staying, async () => 'answered')).toBe('answered')
})

test('the line of one asker has an end, and that of another goes on', async () => {
  const { ask, end, begun } = queueOf(1)
  for (let number = 0; number <= 100; number++) void ask(`ann ${number}`, CHEAP)
  await expect(ask('ann 101', CHEAP)).rejects.toMatchObject({ reason: 'RATE_LIMITED', retryAfter: expect.any(Number) })
  void ask('ben 1', CHEAP)
  await end('ann 0')
  await end('ann 1')
  expect(begun).toContain('ben 1')
})

test('the lines of all together have an end', async () => {
  const { ask } = queueOf(1)
  for (let number = 0; number <= 1_000; number++) void ask(`asker-${number}`, CHEAP)
  await expect(ask('asker-1001', CHEAP)).rejects.toMatchObject({
    reason: 'OVERLOADED',
    retryAfter: expect.any(Number),
  })
})
