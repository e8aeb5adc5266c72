import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readConfig } from '../../src/core/config.js'
import { splitConnections } from '../../src/database/client.js'

test('sixteen connections are ten for work and six for queries', () => {
  expect(readConfig({}).databaseConnections).toBe(16)
  expect(splitConnections(16)).toEqual({ queries: 6, work: 10 })
})

test('however many there are, all of them are given, most to work, and some to either', () => {
  fc.assert(
    fc.property(fc.integer({ min: 4, max: 1_000 }), total => {
      const { queries, work } = splitConnections(total)
      expect(queries + work).toBe(total)
      expect(queries).toBeGreaterThanOrEqual(1)
      expect(work).toBeGreaterThan(queries)
    }),
  )
})

test('too few connections are refused by the name of the setting', () => {
  expect(() => readConfig({ DATABASE_CONNECTIONS: '3' })).toThrow(/DATABASE_CONNECTIONS must be .* from 4 to/)
})
