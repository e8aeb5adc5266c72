import { randomInt } from 'node:crypto'
import { print } from 'graphql'
import { beforeAll, expect, test } from 'vitest'
import { Random } from '../../../support/random.js'
import { useSlipway } from '../../../support/slipway.js'
import { testToken } from '../../../support/token.js'
import { type Answer, faultOf, isTooLarge, objectsIn } from './compare.js'
import { Oracle, type Question, readableFields } from './oracle.js'
import { Values } from './questions/values.js'
import { QuestionWriter } from './questions/writer.js'
import type { Asker } from './reads/read.js'
import { fill } from './seed/fill.js'
import { shrink } from './shrink.js'
import { readTables } from './tables.js'

const SEED = Number(process.env['ORACLE_SEED'] ?? randomInt(2 ** 31))
/** This many are asked at least, and more until every field was asked of an object. */
const QUERIES = Number(process.env['ORACLE_QUERIES'] ?? 300)
const MOST_QUERIES = QUERIES + 2_000
const SIZE = { depth: 8, selections: 35, objects: 4_000 }
/** Under way at the same time. */
const AT_ONCE = 4
/** More than this are of no use to who reads of them. */
const MOST_FAULTS = 3

/** The fields that the oracle does not answer, and why: none. What changes with time stays the same in what is seeded. */
const LEFT_OUT: Readonly<Record<string, string>> = {}

const ASKERS: readonly Asker[] = [
  { subject: 'ann', role: 'admin', projects: null },
  { subject: 'bob', role: 'viewer', projects: ['shop', ' - _', 'nothing 3', 'not there'] },
]

const slipway = useSlipway()

let oracle: Oracle
let asked = 0
let refused = 0
const faults: string[] = []
const cheap: string[] = []

beforeAll(async () => {
  const random = new Random(SEED)
  await fill(slipway.database, random, new Date())
  const tables = await readTables(slipway.database)
  oracle = new Oracle(tables)
  const writer = new QuestionWriter(oracle.schema, new Values(tables, random), random, SIZE, oracle.interestOf)
  for (; asked < QUERIES || (asked < MOST_QUERIES && missing().length > 0); asked += AT_ONCE) {
    const questions = Array.from({ length: AT_ONCE }, () => {
      const question = writer.write()
      const asker = random.pick(ASKERS)
      return { question, asker, expected: oracle.answer(question, asker) }
    })
    await Promise.all(
      questions.map(async ({ question, asker, expected }) => {
        const got = await ask(question, asker)
        if (isCheap(got)) cheap.push(print(question.document))
        if (isTooLarge(got)) refused += 1
        else if (faultOf(oracle.schema, question, got, expected) !== null) faults.push(await report(question, asker))
      }),
    )
    if (faults.length >= MOST_FAULTS) break
  }
})

async function ask({ document, variables, operationName }: Question, asker: Asker): Promise<Answer> {
  const { subject, role, projects } = asker
  const response = await fetch(`${slipway.url}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${testToken({ subject, role, ...(projects && { projects }) })}`,
    },
    body: JSON.stringify({ query: print(document), variables, operationName }),
  })
  return (await response.json()) as Answer
}

/** Whether an answer holds more objects than its cost says. */
function isCheap({ data, extensions }: Answer): boolean {
  // The object around all of them costs nothing.
  return data != null && objectsIn(data) - 1 > (extensions?.cost?.requested ?? 0)
}

/** Tells of a question whose answer is wrong, made as small as it gets. */
async function report(question: Question, asker: Asker): Promise<string> {
  const check = async (smaller: Question) => {
    const got = await ask(smaller, asker)
    const expected = oracle.answer(smaller, asker)
    return { got, expected, fault: isTooLarge(got) ? null : faultOf(oracle.schema, smaller, got, expected) }
  }
  const smallest = await shrink(oracle.schema, question, async smaller => (await check(smaller)).fault !== null)
  const { got, expected, fault } = await check(smallest)
  return [
    `The answer is wrong: ${fault}`,
    print(smallest.document),
    `variables: ${JSON.stringify(smallest.variables)}`,
    `asker: ${JSON.stringify(asker)}`,
    `got:      ${JSON.stringify({ data: got.data, errors: got.errors })}`,
    `expected: ${JSON.stringify(expected)}`,
  ].join('\n')
}

const missing = () => oracle.unasked.filter(field => !(field in LEFT_OUT))
const hint = `The seed was ORACLE_SEED=${SEED}`

test('every answer is the one that graphql-js gives by plain reads', () => {
  expect(faults, hint).toEqual([])
})

test('no answer holds more objects than it is said to cost', () => {
  expect(cheap, hint).toEqual([])
})

test('few questions are refused as too large', () => {
  expect(refused, hint).toBeLessThan(asked / 10)
})

test('every field of the schema’s reading side was asked of an object', () => {
  expect(missing(), hint).toEqual([])
})

test('what is left out is in the schema', () => {
  const readable = readableFields(oracle.schema)
  expect(Object.keys(LEFT_OUT).filter(field => !readable.includes(field))).toEqual([])
})
