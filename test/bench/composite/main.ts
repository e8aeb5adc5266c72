import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual, parseArgs } from 'node:util'
import autocannon from 'autocannon'
import pg from 'pg'
import { pino } from 'pino'
import { startEmbeddedPostgres } from '../../../src/database/embedded-postgres.js'
import { migrate } from '../../../src/database/migrations.js'
import { signToken } from '../../../src/server/token.js'
import { cpuOf, type Running, type SlipwaySettings, start } from './contestants.js'
import { fillDatabase, SHORT_HISTORY } from './data-set.js'
import { type Ask, type Contestant, compared, facts, type GrowthQuestion, growing, type Question } from './questions.js'
import { startStatementCounter } from './statement-counter.js'

// Entry point of `npm run bench`: composite queries to Slipway and to its peers on the same database, in turns.

const { values: options } = parseArgs({
  options: {
    projects: { type: 'string', default: '500' },
    deployments: { type: 'string', default: '500000' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '4' },
    connections: { type: 'string', default: '16' },
    parts: { type: 'string', default: 'compare,poll,growth' },
    peers: { type: 'string', default: 'sql,postgraphile,mercurius' },
    queries: { type: 'string', default: '100000' },
  },
})
const size = { projects: Number(options.projects), deployments: Number(options.deployments) }
const [rounds, seconds, connections] = [options.rounds, options.seconds, options.connections].map(Number) as [
  number,
  number,
  number,
]
const parts = new Set(options.parts.split(','))
const contestants = ['slipway', ...options.peers.split(',').filter(Boolean)] as Contestant[]
const JWT_SECRET = 'a secret of the bench that is long enough'

const log = pino({ level: 'warn' })
const dataDir = await mkdtemp(join(tmpdir(), 'slipway-bench-'))
const settings: SlipwaySettings = {
  dataDir,
  jwtSecret: JWT_SECRET,
  token: signToken(JWT_SECRET, { subject: 'bench', role: 'admin', projects: null, expiresInSeconds: 36_000 }),
}
const postgres = await startEmbeddedPostgres(dataDir, log)
const client = new pg.Client({ connectionString: postgres.url })
const running = new Map<Contestant, Running>()

try {
  await migrate(postgres.url, log)
  await fillDatabase(postgres.url, size)
  await client.connect()
  for (const contestant of contestants) running.set(contestant, await start(contestant, postgres.url, settings))
  const questions = await compared(client, ask, contestants)
  if (parts.has('compare')) {
    for (const question of questions) await checkFacts(question)
    const statements = await countStatements(questions)
    for (const question of questions) await compare(question, statements)
  }
  if (parts.has('poll')) for (const question of questions) await poll(question)
  if (parts.has('growth')) await measureGrowth(await growing(client, SHORT_HISTORY, size.deployments))
  if (parts.has('memory')) await measureMemory(questions)
} finally {
  for (const server of running.values()) await server.stop()
  await client.end().catch(() => {})
  await postgres.stop()
  await rm(dataDir, { recursive: true, force: true })
}

function server(contestant: Contestant): Running {
  return running.get(contestant) as Running
}

async function ask(contestant: Contestant, query: string, variables: object): ReturnType<Ask> {
  return askServer(server(contestant), query, variables)
}

async function askServer({ url, headers }: Running, query: string, variables: object): ReturnType<Ask> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify({ query, variables }),
  })
  const { data, errors } = (await response.json()) as { data: Record<string, unknown>; errors?: unknown }
  if (errors !== undefined) throw new Error(`${url}: ${JSON.stringify(errors).slice(0, 500)}`)
  return data
}

/** All answers must hold the same facts, or there is nothing to compare. */
async function checkFacts({ name, documents, variables }: Question): Promise<void> {
  for (let index = 0; index < Math.min(10, variables('sql').length || variables('slipway').length); index++) {
    let expected: unknown
    for (const contestant of contestants) {
      const found = facts(
        await ask(contestant, documents[contestant] as string, variables(contestant)[index] as object),
      )
      expected ??= found
      if (isDeepStrictEqual(found, expected)) continue
      throw new Error(
        `${contestant} answers ${name} otherwise:\n${JSON.stringify(found).slice(0, 1_500)}\nslipway:\n${JSON.stringify(expected).slice(0, 1_500)}`,
      )
    }
  }
  console.log(`${name}: all answers hold the same facts`)
}

/** By contestant and question: the SQL statements for one request, seen on the way to the database. */
async function countStatements(questions: readonly Question[]): Promise<Map<string, number>> {
  const REQUESTS = 10
  const found = new Map<string, number>()
  for (const contestant of contestants) {
    const counter = await startStatementCounter(postgres.url)
    const counted = await start(contestant, counter.databaseUrl, settings)
    for (const { name, documents, variables } of questions) {
      const document = documents[contestant] as string
      const of = (index: number) => variables(contestant)[index % variables(contestant).length] as object
      for (let index = 0; index < 3; index++) await askServer(counted, document, of(index))
      const before = counter.count()
      for (let index = 0; index < REQUESTS; index++) await askServer(counted, document, of(index))
      found.set(`${contestant} ${name}`, (counter.count() - before) / REQUESTS)
    }
    await counted.stop()
    await counter.close()
  }
  return found
}

type Load = Pick<autocannon.Options, 'url' | 'headers'> & { readonly requests: autocannon.Request[] }

/** Keeps a server busy for a round. */
async function load({ url, headers, requests }: Load, duration = seconds): Promise<autocannon.Result> {
  const result = await autocannon({ url, headers: headers ?? {}, connections, duration, requests })
  if (result.errors > 0 || result['4xx'] > 0 || result['5xx'] > 0) {
    throw new Error(`${url}: ${result.errors} errors, ${result['4xx']} and ${result['5xx']} failures`)
  }
  return result
}

function loadOf(contestant: Contestant, { documents, variables }: Question): Load {
  const { url, headers } = server(contestant)
  const requests = variables(contestant).map(values => ({
    method: 'POST' as const,
    body: JSON.stringify({ query: documents[contestant], variables: values }),
  }))
  return { url, headers: { ...headers, 'content-type': 'application/json', accept: 'application/json' }, requests }
}

interface Figures {
  readonly rate: number
  readonly p50: number
  readonly p99: number
  readonly cpu: number
  readonly databaseCpu: number
  readonly bytes: number
}

/** The CPU time of all of PostgreSQL's processes that serve somebody, in ms. */
async function databaseCpu(): Promise<number> {
  const { rows } = await client.query<{ pid: number }>(
    "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()",
  )
  return rows.map(({ pid }) => cpuOf(pid)).reduce((sum, cpu) => sum + cpu, 0)
}

async function compare(question: Question, statements: Map<string, number>): Promise<void> {
  const figures = new Map<Contestant, Figures[]>(contestants.map(contestant => [contestant, []]))
  for (const contestant of contestants) await load(loadOf(contestant, question), 3)
  for (let round = 0; round < rounds; round++) {
    // Each begins a round in turn.
    for (let place = 0; place < contestants.length; place++) {
      const contestant = contestants[(place + round) % contestants.length] as Contestant
      const before = server(contestant).cpu()
      const databaseBefore = await databaseCpu()
      const { requests, latency, throughput } = await load(loadOf(contestant, question))
      figures.get(contestant)?.push({
        rate: requests.average,
        p50: latency.p50,
        p99: latency.p99,
        cpu: (server(contestant).cpu() - before) / requests.total,
        databaseCpu: ((await databaseCpu()) - databaseBefore) / requests.total,
        bytes: throughput.total / requests.total,
      })
    }
  }
  console.log(`\n${question.name}: medians of ${rounds} rounds of ${seconds} s, ${connections} connections`)
  console.table(
    Object.fromEntries(
      contestants.map(contestant => {
        const of = (key: keyof Figures) => median(figures.get(contestant)?.map(each => each[key]) ?? [])
        const ratios = figures
          .get('slipway')
          ?.map(({ rate }, round) => rate / (figures.get(contestant)?.[round]?.rate ?? 0))
        return [
          contestant,
          {
            'requests/s': Math.round(of('rate')),
            'p50 ms': of('p50'),
            'p99 ms': of('p99'),
            'CPU ms a request': rounded(of('cpu')),
            'PostgreSQL CPU ms': rounded(of('databaseCpu')),
            'statements a request': statements.get(`${contestant} ${question.name}`),
            'kB an answer': rounded(of('bytes') / 1_000),
            'slipway is so many times as fast': rounded(median(ratios ?? [])),
          },
        ]
      }),
    ),
  )
}

/** The same question over GET by its hash, with and without the tag of the answer that is known. */
async function poll(question: Question): Promise<void> {
  const { url, headers } = server('slipway')
  const query = question.documents.slipway as string
  const persistedQuery = { version: 1, sha256Hash: createHash('sha256').update(query).digest('hex') }
  const search = (variables: object, more = {}) =>
    new URLSearchParams({
      variables: JSON.stringify(variables),
      extensions: JSON.stringify({ persistedQuery }),
      ...more,
    })
  const asked = []
  for (const variables of question.variables('slipway').slice(0, 50)) {
    const response = await fetch(`${url}?${search(variables, { query })}`, { headers })
    await response.arrayBuffer()
    const path = `/graphql?${search(variables)}`
    const answer = await fetch(new URL(path, url), { headers })
    await answer.arrayBuffer()
    asked.push({ method: 'GET' as const, path, tag: answer.headers.get('etag') ?? '' })
  }
  const full = { url, headers, requests: asked.map(({ method, path }) => ({ method, path })) }
  const again = {
    url,
    headers,
    requests: asked.map(({ method, path, tag }) => ({ method, path, headers: { ...headers, 'if-none-match': tag } })),
  }
  const rates: { full: number; again: number }[] = []
  for (let round = 0; round <= rounds; round++) {
    const answers = await load(full)
    const unchanged = await load(again)
    if (unchanged['3xx'] !== unchanged.requests.total) throw new Error('Not all polls were answered with 304')
    if (round > 0) rates.push({ full: answers.requests.average, again: unchanged.requests.average })
  }
  const ratio = median(rates.map(({ full, again }) => again / full))
  console.log(
    `\npoll of ${question.name}: ${Math.round(median(rates.map(({ full }) => full)))} full answers/s, ` +
      `${Math.round(median(rates.map(({ again }) => again)))} times 304 a second: ${rounded(ratio)} times as many`,
  )
}

/** What a long history costs beside a short one, asked one after the other, in turns. */
async function measureGrowth(questions: readonly GrowthQuestion[]): Promise<void> {
  const REQUESTS = 200
  const rows: Record<string, object> = {}
  for (const { name, document, short, long } of questions) {
    const times: { short: number[]; long: number[] } = { short: [], long: [] }
    for (let request = -20; request < REQUESTS; request++) {
      for (const [which, variables] of [
        ['short', short],
        ['long', long],
      ] as const) {
        const begin = performance.now()
        await ask('slipway', document, variables)
        if (request >= 0) times[which].push(performance.now() - begin)
      }
    }
    const [p50, p50Long] = [median(times.short), median(times.long)]
    rows[name] = {
      [`p50 ms with ${SHORT_HISTORY}`]: rounded(p50),
      [`p50 ms with ${size.deployments}`]: rounded(p50Long),
      ratio: rounded(p50Long / p50),
    }
  }
  console.log(`\ngrowth of one environment's history, ${REQUESTS} requests each`)
  console.table(rows)
}

/** Whether the server's memory grows with the number of queries it has answered. */
async function measureMemory(questions: readonly Question[]): Promise<void> {
  const total = Number(options.queries)
  const requests = questions.flatMap(question => loadOf('slipway', question).requests)
  const { url, headers } = loadOf('slipway', questions[0] as Question)
  console.log(`\nmemory of the server while it answers ${total} queries`)
  for (let asked = 0; asked < total; asked += total / 10) {
    await autocannon({ url, headers: headers ?? {}, connections, amount: total / 10, requests })
    console.log(`  after ${asked + total / 10}: ${Math.round(server('slipway').memory())} MiB`)
  }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100
}
