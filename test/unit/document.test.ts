import { parse } from 'graphql'
import { describe, expect, test } from 'vitest'
import { checkDocument, createDocumentStore, createPersistedQueries } from '../../src/graphql/document.js'

const fields = (count: number, name: string) =>
  `{ ${Array.from({ length: count }, (_, index) => `a${index}`).join(' ')} ${name} }`

/** How many of these values a cache keeps when they come one after the other. */
async function keptOf<Value extends object | string>(
  cache: { get(key: string): Promise<Value | undefined>; set(key: string, value: Value): Promise<void> },
  count: number,
  make: (index: number) => Value,
): Promise<number> {
  for (let index = 0; index < count; index++) await cache.set(`${index}`, make(index))
  const kept = await Promise.all(Array.from({ length: count }, (_, index) => cache.get(`${index}`)))
  // The newest are those that are kept.
  expect(kept.at(-1)).toBeDefined()
  return kept.filter(value => value !== undefined).length
}

describe('documents are remembered', () => {
  test('by what they take, comments and all: 800 of 100 kB are not', async () => {
    const kept = await keptOf(createDocumentStore(), 800, index =>
      parse(`{ __typename } #${index}${'x'.repeat(99_000)}`),
    )
    expect(kept).toBeGreaterThan(50)
    expect(kept * 100_000).toBeLessThan(32 * 1024 * 1024)
  })

  test('by what they take, not by how long they are: tokens take more than their characters', async () => {
    const kept = await keptOf(createDocumentStore(), 60, index => parse(fields(3_900, `b${index}`)))
    expect(kept).toBeGreaterThan(5)
    expect(kept).toBeLessThan(20)
  })

  test('and so are the texts of persisted queries, of which there are never more than 10,000', async () => {
    expect(await keptOf(createPersistedQueries(), 12_000, index => `{a${index}}`)).toBe(10_000)
    const kept = await keptOf(createPersistedQueries(), 400, index => `${index}${'x'.repeat(99_000)}`)
    expect(kept * 2 * 99_000).toBeLessThan(16 * 1024 * 1024)
  })
})

describe('a document', () => {
  const within = (open: string, close: string, levels: number) =>
    `{ a(b: ${open.repeat(levels)}1${close.repeat(levels)}) }`

  test.each([
    ['', ''],
    ['{', '{'],
    ['a string that is not closed', '{ a(b: "'],
    ['brackets in text', `{ a(b: "${'[{('.repeat(500)}") }`],
    ['brackets in a block of text', `{ a(b: """${'[{('.repeat(500)}""") }`],
    ['brackets in a comment', `{ a } # ${'[{('.repeat(500)}`],
    ['brackets beside one another', `{ a(b: [${'[]'.repeat(1_000)}]) }`],
    ['brackets in brackets, as many as may be', within('[', ']', 98)],
  ])('is left to the parser: %s', (_what, text) => {
    expect(() => checkDocument(text)).not.toThrow()
  })

  test.each([
    ['lists', within('[', ']', 99)],
    ['objects', within('{c: ', '}', 99)],
    ['selections', `${'{ a '.repeat(101)}`],
    ['what is never closed', '['.repeat(50_000)],
  ])('is refused that is nested too deep: %s', (_what, text) => {
    expect(() => checkDocument(text)).toThrow('Query is too large: nested deeper than 100 levels')
  })

  test('is measured in bytes', () => {
    expect(() => checkDocument(`#${'é'.repeat(49_999)}`)).not.toThrow()
    expect(() => checkDocument(`#${'é'.repeat(50_000)}`)).toThrow('Query is too large: more than 100,000 bytes')
  })
})
