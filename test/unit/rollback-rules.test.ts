import fc from 'fast-check'
import { expect, test } from 'vitest'
import { rollbackTarget, type Success } from '../../src/modules/rollback/rollback.rules.js'

/** A history, oldest first: `A` was deployed, `<A` was rolled back to, `A!` is in quarantine by now. */
function history(...told: string[]): Success[] {
  const quarantined = new Set(told.filter(word => word.endsWith('!')).map(word => word.replaceAll(/[<!]/g, '')))
  return told.map(word => {
    const candidateId = word.replaceAll(/[<!]/g, '')
    const kind = word.startsWith('<') ? ('ROLLBACK' as const) : ('DEPLOYMENT' as const)
    return { candidateId, kind, isQuarantined: quarantined.has(candidateId) }
  })
}

const SUCCEEDED = true
const FAILED = false

test.each([
  ['nothing ever succeeded', [], FAILED, null],
  ['the only success', ['A'], SUCCEEDED, null],
  ['a success after another one', ['A', 'B'], SUCCEEDED, 'A'],
  ['a failure after a success', ['A'], FAILED, 'A'],
  ['a failure after two successes', ['A', 'B'], FAILED, 'B'],
  ['the same candidate deployed again', ['A', 'B', 'B'], SUCCEEDED, 'A'],
  ['a candidate that came back as a deployment', ['A', 'B', 'A'], SUCCEEDED, 'B'],
  ['a rollback', ['A', 'B', 'C', '<B'], SUCCEEDED, 'A'],
  ['a rollback to the same candidate as before the last one', ['A', 'C', 'A', '<C', '<A'], SUCCEEDED, null],
  ['two rollbacks', ['A', 'B', 'C', '<B', '<A'], SUCCEEDED, null],
  ['what came after a rollback', ['A', 'B', '<A', 'C'], SUCCEEDED, 'A'],
  ['a failure after a rollback', ['A', 'B', '<A'], FAILED, 'A'],
  ['a rollback over a candidate in quarantine', ['A', 'B!', 'C'], SUCCEEDED, 'A'],
  ['a failure while what runs is in quarantine', ['A', 'B!'], FAILED, 'A'],
  ['everything before in quarantine', ['A!', 'B'], SUCCEEDED, null],
  ['a rollback to what was never deployed here', ['B', '<A'], SUCCEEDED, 'B'],
])('after %s', (_what, told, hasSucceeded, target) => {
  expect(rollbackTarget(history(...told), hasSucceeded)).toBe(target)
})

test('rolling back again and again is to take one candidate after the other from a pile', () => {
  const act = fc.oneof(
    fc.constantFrom('A', 'B', 'C', 'D').map(candidate => ({ kind: 'deploy' as const, candidate })),
    fc.constant({ kind: 'rollBack' as const }),
  )
  fc.assert(
    fc.property(fc.array(act, { maxLength: 30 }), acts => {
      const pile: string[] = []
      const told: string[] = []
      for (const next of acts) {
        if (next.kind === 'deploy') {
          if (pile.at(-1) !== next.candidate) pile.push(next.candidate)
          told.push(next.candidate)
          continue
        }
        const expected = pile.at(-2) ?? null
        expect(rollbackTarget(history(...told), SUCCEEDED)).toBe(expected)
        if (expected === null) continue
        pile.pop()
        told.push(`<${expected}`)
      }
      expect(rollbackTarget(history(...told), FAILED)).toBe(pile.at(-1) ?? null)
    }),
    { numRuns: 2_000 },
  )
})
