import { setImmediate as tick } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { Turns } from '../../src/database/turns.js'

/** Work that goes on until it is ended. */
function endless() {
  let end: () => void = () => undefined
  const over = new Promise<void>(resolve => {
    end = resolve
  })
  return { end, work: () => over }
}

test('no more than allowed are under way, and those who wait come in their order', async () => {
  const turns = new Turns(2)
  const begun: number[] = []
  const works = Array.from({ length: 5 }, endless)
  const all = works.map(({ work }, number) =>
    turns.take('row', () => {
      begun.push(number)
      return work()
    }),
  )
  await tick()
  expect(begun).toEqual([0, 1])
  works[1]?.end()
  await tick()
  expect(begun).toEqual([0, 1, 2])
  for (const { end } of works) end()
  await Promise.all(all)
  expect(begun).toEqual([0, 1, 2, 3, 4])
})

test('who waits for one thing is in nobody’s way who wants another', async () => {
  const turns = new Turns(1)
  const { end, work } = endless()
  const held = turns.take('row', work)
  const waiting = turns.take('row', async () => 'later')
  expect(await turns.take('other', async () => 'at once')).toBe('at once')
  end()
  await held
  expect(await waiting).toBe('later')
})

test('work that fails gives its turn on', async () => {
  const turns = new Turns(1)
  const failing = turns.take('row', () => Promise.reject(new Error('no')))
  const next = turns.take('row', async () => 'next')
  await expect(failing).rejects.toThrow('no')
  expect(await next).toBe('next')
})

test('a turn that does not come in time is given up, and missed by nobody', async () => {
  const turns = new Turns(1, 5)
  const { end, work } = endless()
  const held = turns.take('row', work)
  await expect(turns.take('row', async () => 'never')).rejects.toMatchObject({
    reason: 'DATABASE_UNAVAILABLE',
    retryAfter: 5,
  })
  end()
  await held
  expect(await turns.take('row', async () => 'free again')).toBe('free again')
})

test('a line that is too long is told so at once', async () => {
  const turns = new Turns(1)
  const { end, work } = endless()
  const all = Array.from({ length: 501 }, () => turns.take('row', work))
  await expect(turns.take('row', work)).rejects.toMatchObject({ reason: 'DATABASE_UNAVAILABLE' })
  end()
  await Promise.all(all)
})
