import { request } from 'node:http'
import { beforeAll, describe, expect, test } from 'vitest'
import { createProject, type SeededProject } from '../../support/seed.js'
import { useSlipway } from '../../support/slipway.js'
import { testToken } from '../../support/token.js'

const slipway = useSlipway()

let project: SeededProject

beforeAll(async () => {
  project = await createProject(slipway)
  await project.cut('v1-rc1')
  const environment = await project.createEnvironment('production')
  await environment.report('v1-rc1', 'success')
})

const repeat = (count: number, write: (index: number) => string) =>
  Array.from({ length: count }, (_, i) => write(i)).join(' ')
const nested = (levels: number, inner: string): string =>
  levels === 0
    ? inner
    : `id candidate { release { commit project { id } } } environment { current { version } currentDeployment { ${nested(levels - 1, inner)} } }`

/** Sends a GraphQL request as it is. */
async function send(body: unknown, headers: Record<string, string> = {}, path = '/graphql') {
  const response = await fetch(`${slipway.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
  return { status: response.status, text: await response.text() }
}

describe('without a token', () => {
  test.each([
    [
      'the schema many times over',
      `{ ${repeat(20, i => `b${i}: __schema { types { ...F } }`)} } fragment F on __Type { fields { ${repeat(90, i => `a${i}: name`)} } }`,
    ],
    ['types within types', `{ __schema { types { ${'fields { type { '.repeat(8)} name ${'} }'.repeat(8)} } } }`],
  ])('%s is refused', async (_what, query) => {
    const { status, text } = await send({ query })
    expect(status).toBe(400)
    expect(text).toMatch(/QUERY_TOO_LARGE|aliases|introspection depth/)
    expect(text.length).toBeLessThan(10_000)
  })

  test('the text of a document is at most so long', async () => {
    const { status, text } = await send({ query: `{ __typename } # ${'x'.repeat(100_000)}` })
    expect(status).toBe(400)
    expect(text).toContain('more than 100,000 bytes')
  })
})

test.each([
  [
    'lists of lists',
    `project(name: $name) { release(version: "v1") { ${'candidates { release { '.repeat(7)} version ${'} }'.repeat(7)} } }`,
  ],
  [
    'counts of filtered lists',
    `project(name: $name) { environment(name: "production") {
      deployments(first: 100) { nodes { environment { deployments(first: 60) { nodes { environment {
        deployments(first: 0, status: [SUCCESS]) { totalCount } } } } } } } } }`,
  ],
  [
    'rows in one row',
    `project(name: $name) { environment(name: "production") { currentDeployment { ${nested(4, 'number')} } } }`,
  ],
  [
    'rows beside one another',
    repeat(90, i => `a${i}: project(name: $name) { environment(name: "production") { current { version } } }`),
  ],
  [
    'candidates by their versions',
    `project(name: $name) { environment(name: "production") { ${repeat(90, i => `a${i}: canDeploy(candidateVersion: "v${i}-rc1") { allowed }`)} } }`,
  ],
])('a query of %s is answered or refused, and not planned for ever', async (_what, selection) => {
  const { status, errors } = await slipway
    .as()
    .graphql(`query ($name: String!) { ${selection} }`, { name: project.name })
  // One that took too long would be a 503.
  expect([200, 400]).toContain(status)
  if (status === 400) expect(errors[0]?.extensions).toMatchObject({ reason: 'QUERY_TOO_LARGE' })
  else expect(errors).toEqual([])
})

test('a node is asked for by the aliases of one type at a time', async () => {
  const { errors } = await slipway
    .as()
    .graphql(
      `{ node(id: "x") { ${repeat(17, i => `a${i}: id`)} ${['Project', 'Environment', 'Release'].map(type => `... on ${type} { ${repeat(20, i => `${type}${i}: id`)} }`).join(' ')} } }`,
    )
  expect(errors).toEqual([])
})

test.each([
  ['a persisted query that is none', { query: '{ __typename }', extensions: { persistedQuery: 1 } }],
  [
    'one of another version',
    { query: '{ __typename }', extensions: { persistedQuery: { version: 2, sha256Hash: 'x' } } },
  ],
  [
    'the hash of another text',
    { query: '{ __typename }', extensions: { persistedQuery: { version: 1, sha256Hash: 'x' } } },
  ],
  ['a subscription', { query: 'subscription { x }' }],
  ['a subscription that is no field', 'subscription'],
  [
    'null for an argument that has a default and takes none',
    {
      query:
        'query ($force: Boolean = false, $n: String!) { project(name: $n) { environments { canDeploy(candidateVersion: "v1-rc1", force: $force) { allowed } } } }',
      variables: { force: null, n: 'x' },
    },
  ],
  [
    'half of a surrogate pair',
    '{"query":"query ($n: String!) { project(name: $n) { name } }","variables":{"n":"a\\udc00b"}}',
  ],
  ['a body of many levels', `{"query":"{__typename}","variables":${'{"a":'.repeat(8_000)}1${'}'.repeat(8_000)}}`],
  ['lists of many levels', `[${'['.repeat(8_000)}${']'.repeat(8_000)}]`],
  ['a list of very many values', `{"query":"{ none }","variables":{"a":[${Array(300_000).fill(1)}]}}`],
  [
    'a text that is too long',
    { query: 'query ($n: String!) { project(name: $n) { name } }', variables: { n: 'x'.repeat(500_000) } },
  ],
  [
    'a token that is too long',
    {
      query: 'mutation ($id: String!) { revokeToken(input: { tokenId: $id }) { tokenId } }',
      variables: { id: 'x'.repeat(900_000) },
    },
  ],
  [
    'a list that is too long',
    {
      query: 'mutation ($input: CreateFreezeInput!) { createFreeze(input: $input) { freeze { id } } }',
      variables: { input: { reason: 'x', project: 'x', environments: Array(501).fill('x') } },
    },
  ],
])('%s is the asker’s mistake', async (_what, body) => {
  for (const key of [{}, { 'idempotency-key': 'hostile' }]) {
    const { status, text } = await send(body, { authorization: `Bearer ${testToken()}`, ...key })
    expect(text).not.toMatch(/INTERNAL/)
    expect(status).toBeLessThan(500)
    expect(JSON.parse(text)).toMatchObject({ errors: [{ extensions: { code: expect.any(String) } }] })
  }
})

test.each(['POST', 'PATCH'])('a %s of REST with a text that is too long is refused by its name', async method => {
  const path = `/api/releases/${project.name}/environments/production/deployments`
  const body = {
    release_candidate_version: 'v1-rc1',
    status: 'failure',
    error_message: 'x'.repeat(4_001),
    reason: 'x'.repeat(4_001),
    force: true,
  }
  const answer = await slipway.as().rest(method, path, body)
  expect(answer).toMatchObject({ status: 400, body: { error: expect.stringMatching(/longer than 4,000 characters/) } })
})

test('a poll that names many tags is answered in full, with few statements', async () => {
  const names = Buffer.from(JSON.stringify([project.name])).toString('base64url')
  const forged = Array.from({ length: 500 }, (_, i) => `W/"${names}.${'a'.repeat(22)}.${i}"`).join(', ')
  const status = await new Promise((resolve, reject) => {
    const query = encodeURIComponent(`{ project(name: "${project.name}") { name } }`)
    request(
      `${slipway.url}/graphql?query=${query}`,
      { headers: { authorization: `Bearer ${testToken()}`, 'if-none-match': forged.slice(0, 14_000) } },
      response => resolve(response.resume().statusCode),
    )
      .on('error', reject)
      .end()
  })
  expect(status).toBe(200)
})

test('the board of fifty projects of eight environments, and what each deployment waits for, is within the budget', async () => {
  for (let index = 0; index < 7; index += 1) await project.createEnvironment(`stage-${index}`, 'STAGING')
  const { errors } = await slipway.as().graphql(`{ projects(first: 50) { nodes { name environments { name
    activeDeployments(first: 5) { nodes { status waitingFor { gate message } } } } } } }`)
  expect(errors).toEqual([])
})
