import { createHmac } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { pino } from 'pino'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createProject, type SeededEnvironment, type SeededProject } from '../../support/seed.js'
import { GITHUB_WEBHOOK_SECRET, useSlipway } from '../../support/slipway.js'
import { testToken } from '../../support/token.js'

const logged: Record<string, unknown>[] = []
const slipway = useSlipway({
  log: pino({ level: 'warn' }, { write: line => void logged.push(JSON.parse(line) as Record<string, unknown>) }),
})
let project: SeededProject
let environment: SeededEnvironment

beforeAll(async () => {
  project = await createProject(slipway)
  environment = await project.createEnvironment()
  for (const version of ['v1-rc1', 'v2-rc1']) {
    await project.cut(version)
    await environment.report(version, 'success')
  }
})

// What a client gets wrong is nothing that an operator has to see to.
afterEach(() => {
  expect(logged.splice(0)).toEqual([])
})

interface Sent {
  readonly method?: string
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
}

async function send({ method = 'POST', path = '/graphql', headers = {}, body }: Sent) {
  const response = await fetch(`${slipway.url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${testToken()}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    body: body === undefined ? null : typeof body === 'string' ? body : new Uint8Array(body),
  })
  const text = await response.text()
  return { status: response.status, headers: response.headers, text, body: text === '' ? null : JSON.parse(text) }
}

const graphql = (body: object): Sent => ({ body: JSON.stringify(body) })
const get = (parameters: Record<string, string>, headers = {}): Sent => ({
  method: 'GET',
  path: `/graphql?${new URLSearchParams(parameters)}`,
  headers,
})
const TYPENAME = graphql({ query: '{ __typename }' })
const many = (text: string, count: number) => text.repeat(count)

/** What is sent to /graphql, and what it must be answered with. */
const REFUSED: readonly [string, Sent, number, RegExp][] = [
  [
    'a persisted query that is none',
    graphql({ query: '{ __typename }', extensions: { persistedQuery: 1 } }),
    400,
    /version/,
  ],
  [
    'a persisted query of version 2',
    graphql({ query: '{ __typename }', extensions: { persistedQuery: { version: 2, sha256Hash: 'x' } } }),
    400,
    /version/,
  ],
  [
    'the hash of another text',
    graphql({ query: '{ __typename }', extensions: { persistedQuery: { version: 1, sha256Hash: 'x' } } }),
    400,
    /sha/,
  ],
  ['a subscription', graphql({ query: 'subscription { x }' }), 400, /subscription/],
  [
    'null for a variable with a default',
    graphql({
      query:
        'query ($n: Int = 5) { projects { totalCount(limit: $n) nodes { candidate(version: "v1-rc1") @skip(if: $b) { id } } } }'.replace(
          '($n: Int = 5)',
          '($n: Int = 5, $b: Boolean = false)',
        ),
      variables: { b: null },
    }),
    400,
    /null/,
  ],
  ['several requests at once', { body: '[{"query":"{__typename}"}]' }, 400, /batch/i],
  ['a list of variables', graphql({ query: '{ __typename }', variables: [] }), 400, /variables/],
  ['text as variables', graphql({ query: '{ __typename }', variables: '{}' }), 400, /variables/],
  [
    'a number as the name of the operation',
    graphql({ query: '{ __typename }', operationName: 1 }),
    400,
    /operationName/,
  ],
  ['the name of no operation', graphql({ query: '{ __typename }', operationName: 'no' }), 400, /operation/i],
  ['no query', graphql({ variables: {} }), 400, /query/],
  ['an object as query', graphql({ query: {} }), 400, /strings/],
  ['a document as query', graphql({ query: { kind: 'Document' } }), 400, /strings/],
  ['null', { body: 'null' }, 400, /body/],
  ['no body', { headers: { 'content-type': 'application/json' } }, 400, /body/],
  ['no body and no type', {}, 400, /body/],
  ['a body of spaces', { body: '  ' }, 400, /body/],
  ['a syntax error', graphql({ query: '{' }), 400, /Syntax/],
  ['a field that is none', graphql({ query: '{ moon }' }), 400, /moon/],
  ['a mutation over GET', get({ query: 'mutation { __typename }' }), 405, /GET/],
  ['a query that comes twice', { method: 'GET', path: '/graphql?query={a}&query={b}' }, 400, /once/],
  ['variables over GET that are no JSON', get({ query: '{ __typename }', variables: '{' }), 400, /JSON/],
  ['nothing over GET', get({}), 400, /query/],
  ['a body that is no JSON', { body: '{"query"' }, 400, /JSON/],
  ['a body with __proto__', { body: '{"query":"{__typename}","__proto__":{}}' }, 400, /./],
  [
    'another charset',
    { ...TYPENAME, headers: { 'content-type': 'application/json; charset=iso-8859-1' } },
    415,
    /JSON|json/,
  ],
  ['an unknown charset', { ...TYPENAME, headers: { 'content-type': 'application/json; charset="moon"' } }, 415, /json/],
  ['bytes that are not UTF-8', { body: Buffer.from('{"query":"\xff"}', 'latin1') }, 400, /UTF-8/],
  [
    'a compressed body',
    { body: gzipSync(String(TYPENAME.body)), headers: { 'content-encoding': 'gzip' } },
    415,
    /json/,
  ],
  ['another type', { ...TYPENAME, headers: { 'content-type': 'application/graphql' } }, 415, /json/],
  ['a form', { body: 'query={}', headers: { 'content-type': 'application/x-www-form-urlencoded' } }, 415, /json/],
  ['no type', { body: Buffer.from(String(TYPENAME.body)), headers: { 'content-type': '' } }, 415, /json/],
  ['a type of the answer that there is not', { ...TYPENAME, headers: { accept: 'text/html' } }, 406, /JSON/],
  ['a type of the answer that is none', { ...TYPENAME, headers: { accept: 'moon' } }, 406, /JSON/],
  ['a page', get({}, { accept: 'text/html' }), 406, /JSON/],
  ['what a browser asks for', get({}, { accept: 'text/html,application/xhtml+xml;q=0.9,*/*;q=0.8' }), 400, /query/],
  ['a text that is too long', graphql({ query: `{ __typename } #${'x'.repeat(100_000)}` }), 400, /100,000 bytes/],
  ['one of wide characters', graphql({ query: `{ __typename } #${'字'.repeat(34_000)}` }), 400, /100,000 bytes/],
  ['too many tokens', graphql({ query: `{ ${many('a ', 5_000)} }` }), 400, /token/],
  ['fields in fields', graphql({ query: many('{a', 1_990) }), 400, /nested/],
  ['lists in lists', graphql({ query: `{ f(x: ${many('[', 3_990)}) }` }), 400, /nested/],
  ['objects in objects', graphql({ query: `{ f(x: ${many('{a:', 1_300)}) }` }), 400, /nested/],
  ['list types in list types', graphql({ query: `query ($a: ${many('[', 3_990)}Int) { a }` }), 400, /nested/],
  ['a body of lists in lists', { body: `{"variables":${many('[', 500_000)}}` }, 400, /nested deeper than 64/],
  ['a body of objects in objects', { body: many('{"a":', 8_000) }, 400, /nested deeper than 64/],
  [
    'variables over GET of lists in lists',
    get({ query: '{ __typename }', variables: `{"a":${many('[', 1_000)}${many(']', 1_000)}}` }),
    400,
    /variables is nested deeper than 64/,
  ],
  [
    'extensions over GET of lists in lists',
    get({ query: '{ __typename }', extensions: `{"a":${many('[', 1_000)}${many(']', 1_000)}}` }),
    400,
    /extensions is nested deeper than 64/,
  ],
  [
    'half of a surrogate pair',
    { body: '{"query":"query ($a: String!) { project(name: $a) { id } }","variables":{"a":"\\udc00"}}' },
    400,
    /surrogate/,
  ],
  ['another method', { method: 'PUT', ...TYPENAME }, 404, /found/],
]

describe('GraphQL', () => {
  test.each(REFUSED)('%s is refused', async (_what, sent, status, message) => {
    for (const headers of [{}, { 'idempotency-key': `odd-${Math.random()}` }]) {
      const answer = await send({ ...sent, headers: { ...sent.headers, ...headers } })
      expect({ status: answer.status, text: answer.text }).toMatchObject({
        status,
        text: expect.stringMatching(message),
      })
      expect(answer.text.length).toBeLessThan(3_000)
      expect(answer.headers.get('content-type')).toMatch(/json/)
      if (status === 404) continue
      const [error] = answer.body.errors
      expect(error.message).toEqual(expect.any(String))
      expect(error.extensions.code).toMatch(/^(?!INTERNAL)[A-Z_]+$/)
    }
  })

  test('a value that does not fit is quoted in part', async () => {
    const query =
      'query ($status: [DeploymentStatus!], $since: DateTime) { project(name: "x") { id environment(name: "y") { deployments(status: $status, since: $since) { totalCount } } } }'
    for (const variables of [
      { status: Array(50).fill('x'.repeat(10_000)) },
      { since: 'x'.repeat(500_000) },
      Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`u${index}`, 'x'.repeat(5_000)])),
    ]) {
      const answer = await send(graphql({ query: `${query}`, variables: { status: [1], ...variables } }))
      expect(answer.status).toBe(400)
      expect(answer.text.length).toBeLessThan(20_000)
    }
  })

  test('a mutation whose answer the asker does not take is not carried out', async () => {
    const query = `mutation { revokeToken(input: { tokenId: "untouched" }) { tokenId } }`
    expect((await send({ ...graphql({ query }), headers: { accept: 'text/html' } })).status).toBe(406)
    expect(await slipway.database.revokedToken.count({ where: { id: 'untouched' } })).toBe(0)
  })

  test.each([
    [
      'a byte order mark',
      { body: Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(String(TYPENAME.body))]) },
    ],
    ['a charset in quotes', { ...TYPENAME, headers: { 'content-type': 'application/json; charset="UTF-8"' } }],
    ['an encoding that is none', { ...TYPENAME, headers: { 'content-encoding': 'identity' } }],
    ['any type of the answer', { ...TYPENAME, headers: { accept: '*/*' } }],
    ['the type of its own', { ...TYPENAME, headers: { accept: 'application/graphql-response+json' } }],
    ['half a million values', graphql({ query: '{ __typename }', variables: { a: Array(300_000).fill(0) } })],
    ['brackets in text', graphql({ query: '{ __typename }', variables: { a: '[{"\\'.repeat(1_000) } })],
    ['a text that is not too long', graphql({ query: `{ __typename } #${'x'.repeat(99_000)}` })],
    ['a whole surrogate pair', { body: '{"query":"{ __typename }","variables":{"a":"\\ud83d\\udea2"}}' }],
  ] as [string, Sent][])('%s is taken', async (_what, sent) => {
    expect(await send(sent)).toMatchObject({ status: 200, body: { data: { __typename: 'Query' } } })
  })
})

describe('REST', () => {
  const deployments = () => `/api/releases/${project.name}/environments/${environment.name}/deployments`
  const ASKED = '{"release_candidate_version":"v1-rc1"}'
  const REST: readonly [string, () => Sent, number, RegExp][] = [
    ['a body that is no JSON', () => ({ body: '{' }), 400, /JSON/],
    ['a body of lists in lists', () => ({ body: many('[', 500_000) }), 400, /nested/],
    [
      'a compressed body',
      () => ({ body: gzipSync('{}'), headers: { 'content-encoding': 'gzip' } }),
      415,
      /Content-Encoding/,
    ],
    [
      'another charset',
      () => ({ body: '{}', headers: { 'content-type': 'application/json; charset=utf-16' } }),
      415,
      /UTF-8/,
    ],
    ['bytes that are not UTF-8', () => ({ body: Buffer.from('"\xff"', 'latin1') }), 400, /UTF-8/],
    ['text', () => ({ body: 'x', headers: { 'content-type': 'text/plain' } }), 415, /json/],
    ['no body', () => ({ headers: { 'content-type': 'application/json' } }), 400, /./],
    ['a body over 1 MiB', () => ({ body: `"${'x'.repeat(1024 * 1024)}"` }), 413, /1 MiB/],
    [
      'a name of 600 characters',
      () => ({ path: deployments().replace(project.name, 'x'.repeat(600)), body: ASKED }),
      404,
      /Release project not found/,
    ],
    [
      'a name of 5,000 characters',
      () => ({ path: deployments().replace(project.name, 'x'.repeat(5_000)), body: ASKED }),
      400,
      /project is longer than 4,000 characters/,
    ],
    [
      'a version of 5,000 characters in the path',
      () => ({ path: `/api/releases/x/releases/${'x'.repeat(5_000)}`, body: '{"repo":"a/b","commit":"abcdef1"}' }),
      400,
      /Invalid release candidate version/,
    ],
    [
      'a path that cannot be decoded',
      () => ({ path: '/api/releases/%ff/environments/x/rollback', body: '{}' }),
      400,
      /./,
    ],
    ['a page of no list', () => ({ method: 'GET', path: `${deployments()}?page=x` }), 400, /page/],
  ]

  test.each(REST)('%s is refused', async (_what, sent, status, message) => {
    const answer = await send({ path: deployments(), ...sent() })
    expect({ status: answer.status, text: answer.text }).toMatchObject({ status, text: expect.stringMatching(message) })
    expect(answer.body.error).toEqual(expect.any(String))
    expect(answer.body.code).toMatch(/^(?!INTERNAL)[A-Z_]+$/)
  })

  test.each([
    ['no body', { headers: { 'content-type': 'application/json' } }],
    ['no body and no type', {}],
    ['an empty object', { body: '{}' }],
  ] as [string, Sent][])('a rollback takes %s', async (_what, sent) => {
    const path = deployments().replace(/deployments$/, 'rollback')
    const answer = await send({ path, ...sent })
    expect([200, 201, 404]).toContain(answer.status)
    if (answer.status === 404) expect(answer.body.error).toBe('No previous deployment to roll back from')
  })
})

describe('an event of a provider', () => {
  const sign = (body: string | Buffer) => ({
    'x-hub-signature-256': `sha256=${createHmac('sha256', GITHUB_WEBHOOK_SECRET).update(body).digest('hex')}`,
    'x-github-event': 'workflow_run',
    'x-github-delivery': 'one',
  })

  test.each([
    ['lists in lists', many('[', 100_000), 400],
    ['no JSON', '{', 400],
    ['another shape', '{}', 400],
  ])('of %s is refused', async (_what, body, status) => {
    const answer = await send({ path: '/webhooks/github', headers: sign(body), body })
    expect(answer).toMatchObject({ status, body: { error: expect.any(String) } })
  })

  test('that is compressed is refused', async () => {
    const body = gzipSync('{}')
    const answer = await send({
      path: '/webhooks/github',
      headers: { ...sign(body), 'content-encoding': 'gzip' },
      body,
    })
    expect([401, 415]).toContain(answer.status)
  })
})
