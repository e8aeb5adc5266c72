import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Kind, parse, print, type SelectionNode, separateOperations, visit } from 'graphql'
import { pino } from 'pino'
import { closeDatabase, openDatabase } from '../../src/database/client.js'
import { startEmbeddedPostgres } from '../../src/database/embedded-postgres.js'
import { migrate } from '../../src/database/migrations.js'
import { createSchema } from '../../src/graphql/schema.js'
import type { Question } from '../integration/reading/oracle/oracle.js'
import { Values } from '../integration/reading/oracle/questions/values.js'
import { QuestionWriter } from '../integration/reading/oracle/questions/writer.js'
import { readTables } from '../integration/reading/oracle/tables.js'
import { type Client, createClient } from '../support/client.js'
import { Random } from '../support/random.js'
import { startServer } from '../support/server-process.js'
import { JWT_SECRET, testToken } from '../support/token.js'
import { fillDatabase } from './composite/data-set.js'

const DATA = { projects: 60, deployments: 50_000 }
const QUERIES = 1_500
/** This many of the dearest are repeated within one query, as often as it may. */
const GROWN = 25
const VIEWERS = 16
const REPORTS = 200
const SIZE = { depth: 14, selections: 120, objects: 20_000 }

/** Queries that are dear by what they filter, count, join or judge, whatever chance finds. */
const SUSPECTS: readonly string[] = [
  `{ project(name: "project-0001") { environment(name: "production-1") { deployments(first: 100, status: [ERROR], actor: "nobody") { totalCount nodes { id } } } } }`,
  `{ project(name: "project-0001") { environment(name: "production-1") { deployments(first: 100, offset: 49000) { totalCount nodes { statusHistory { status } } } } } }`,
  `{ projects(first: 100) { nodes { environments { activeDeployments(first: 5) { nodes { waitingFor { gate message } } } currentDeployment { candidate { deployments(first: 5) { nodes { status } } } } } } } }`,
  `{ project(name: "project-0001") { environments { canDeploy(candidateVersion: "v1.1.0-rc1") { allowed } } } }`,
  `{ project(name: "project-0001") { releases(first: 20) { nodes { stages { environment { name } deployment { status } } } } } }`,
]

interface Measured {
  readonly question: Question
  readonly ms: number
  readonly cost: number
}

/** Looks for the permitted query that takes longest, and for what it does to a pipeline beside it. */
export async function benchDearest(): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), 'slipway-dearest-'))
  const postgres = await startEmbeddedPostgres(dataDir, pino({ level: 'silent' }))
  await migrate(postgres.url, pino({ level: 'warn' }))
  await fillDatabase(postgres.url, DATA)
  const server = await startServer({ DATABASE_URL: postgres.url, DATA_DIR: dataDir, JWT_SECRET, RATE_LIMIT: '0' })
  try {
    const viewer = createClient(server.url, testToken({ role: 'viewer' }))
    const dearest = await search(viewer, postgres.url)
    console.log(
      `\nThe dearest of ${QUERIES} queries at random and ${SUSPECTS.length} suspects, ${DATA.deployments} deployments`,
    )
    for (const { question, ms, cost } of dearest.slice(0, 3)) {
      console.log(
        `  ${ms.toFixed(0)} ms, cost ${cost}: ${print(question.document).replaceAll(/\s+/g, ' ').slice(0, 300)}`,
      )
    }
    const [{ question } = { question: null }] = dearest
    if (question !== null) await measureReports(createClient(server.url, testToken()), viewer, question)
  } finally {
    await server.end('SIGTERM')
    await postgres.stop()
    await rm(dataDir, { recursive: true, force: true })
  }
}

async function search(client: Client, databaseUrl: string): Promise<Measured[]> {
  const database = openDatabase(databaseUrl, pino({ level: 'silent' }))
  const tables = await readTables(database)
  await closeDatabase(database)
  const random = new Random(1)
  const writer = new QuestionWriter(createSchema(), new Values(tables, random), random, SIZE, () => 0.5)
  const questions = [
    ...SUSPECTS.map(text => ({ document: parse(text), variables: {} })),
    ...Array.from({ length: QUERIES }, () => writer.write()),
  ]
  const found: Measured[] = []
  for (const question of questions) {
    const measured = await measure(client, question)
    if (measured !== null) found.push(measured)
  }
  const byTime = found.sort((one, other) => other.ms - one.ms).slice(0, GROWN)
  const byRate = found.sort((one, other) => other.ms / other.cost - one.ms / one.cost).slice(0, GROWN)
  const grown: Measured[] = []
  for (const { question } of new Set([...byTime, ...byRate])) {
    const measured = await grow(client, question)
    if (measured !== null) grown.push(measured)
  }
  return grown.sort((one, other) => other.ms - one.ms)
}

/** A document that holds another operation, too, is asked without it. */
function ask(client: Client, { document, variables, operationName }: Question) {
  const { [operationName ?? '']: only = document } = separateOperations(document)
  return client.graphql(print(only), variables)
}

/** Null when it is refused. */
async function measure(client: Client, question: Question): Promise<Measured | null> {
  const times: number[] = []
  let cost = 0
  for (let count = 0; count < 3; count++) {
    const begun = performance.now()
    const answer = await ask(client, question)
    times.push(performance.now() - begun)
    if (answer.cost === undefined || answer.errors.length > 0) return null
    cost = answer.cost
  }
  return { question, ms: Math.min(...times), cost }
}

/** Repeats a question within one query as often as is permitted. */
async function grow(client: Client, question: Question): Promise<Measured | null> {
  let best = await measure(client, question)
  for (let times = 2; best !== null && times <= 64; times *= 2) {
    const larger = await measure(client, repeated(question, times))
    if (larger === null) break
    best = larger
  }
  return best
}

/** Repeats every field at the root of a question. */
function repeated(question: Question, times: number): Question {
  const document = visit(question.document, {
    OperationDefinition: definition => ({
      ...definition,
      selectionSet: {
        ...definition.selectionSet,
        selections: definition.selectionSet.selections.flatMap(selection => copies(selection, times)),
      },
    }),
  })
  return { ...question, document }
}

function copies(selection: SelectionNode, times: number): SelectionNode[] {
  if (selection.kind !== Kind.FIELD) return [selection]
  const key = selection.alias?.value ?? selection.name.value
  return Array.from({ length: times }, (_, index) => ({
    ...selection,
    alias: { kind: Kind.NAME, value: `${key}_${index}` },
  }))
}

/** How long reports of a pipeline take, alone and beside viewers who ask for the dearest query again and again. */
async function measureReports(pipeline: Client, viewer: Client, question: Question): Promise<void> {
  const alone = await reportTimes(pipeline)
  let isOver = false
  let asked = 0
  const viewers = Array.from({ length: VIEWERS }, async () => {
    while (!isOver) {
      await ask(viewer, question)
      asked += 1
    }
  })
  await sleep(2_000)
  const beside = await reportTimes(pipeline)
  isOver = true
  await Promise.all(viewers)
  const percentile = (times: number[], part: number) => times[Math.floor(times.length * part)] ?? Number.NaN
  for (const part of [0.5, 0.95]) {
    const [one, other] = [percentile(alone, part), percentile(beside, part)]
    console.log(
      `  a report, p${part * 100}: alone ${one.toFixed(1)} ms, beside ${VIEWERS} of it ${other.toFixed(1)} ms, ${(other / one).toFixed(1)} ×`,
    )
  }
  console.log(`  ${asked} of them were answered meanwhile`)
}

async function reportTimes(pipeline: Client): Promise<number[]> {
  const times: number[] = []
  for (let count = 0; count < REPORTS; count++) {
    const begun = performance.now()
    const { status, body } = await pipeline.rest(
      'PATCH',
      '/api/releases/project-0003/environments/staging-1/deployments',
      { release_candidate_version: 'v1.1.0-rc1', status: count % 2 ? 'success' : 'in_progress' },
    )
    if (status !== 200) throw new Error(JSON.stringify(body))
    times.push(performance.now() - begun)
    await sleep(20)
  }
  return times.sort((one, other) => one - other)
}
