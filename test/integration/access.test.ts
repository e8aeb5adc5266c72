import { createSigner } from 'fast-jwt'
import { describe, expect, test } from 'vitest'
import { createClient } from '../support/client.js'
import { createProject } from '../support/seed.js'
import { useSlipway } from '../support/slipway.js'
import { JWT_SECRET, testToken } from '../support/token.js'

const slipway = useSlipway()
const good = { sub: 'me', jti: 'a-token', role: 'admin' }
const sign = (claims: object, { key = JWT_SECRET, algorithm = 'HS256' as 'HS256' | 'HS512' } = {}) =>
  createSigner({ key, algorithm })({ exp: Math.floor(Date.now() / 1_000) + 86_400, ...claims })

const REFUSED: readonly [string, () => string][] = [
  ['signed with another secret', () => sign(good, { key: 'another secret that is long enough, too' })],
  ['signed by another algorithm', () => sign(good, { algorithm: 'HS512' })],
  [
    'not signed at all',
    () =>
      `${Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url')}.${Buffer.from(JSON.stringify({ ...good, exp: 4e9 })).toString('base64url')}.`,
  ],
  ['expired', () => sign({ ...good, exp: 1_000_000 })],
  ['without an end', () => createSigner({ key: JWT_SECRET, algorithm: 'HS256' })(good)],
  ['without a subject', () => sign({ ...good, sub: undefined })],
  ['whose subject has 256 characters', () => sign({ ...good, sub: 's'.repeat(256) })],
  ['whose ID has 256 characters', () => sign({ ...good, jti: 'j'.repeat(256) })],
  ['without an ID', () => sign({ ...good, jti: undefined })],
  ['of a role that is none', () => sign({ ...good, role: 'root' })],
  ['with projects that are no names', () => sign({ ...good, projects: 'shop' })],
  ['that is no token', () => 'nonsense'],
]

describe('a token', () => {
  test.each(REFUSED)('%s is refused, over REST and GraphQL', async (_what, token) => {
    const client = createClient(slipway.url, token())
    const rest = await client.rest('GET', '/api/releases/x/environments/y/deployments')
    expect(rest).toMatchObject({ status: 401, body: { error: 'Unauthorized' } })
    expect(rest.headers.get('www-authenticate')).toBe('Bearer')
    const graphql = await client.graphql('{ __typename }')
    expect(graphql).toMatchObject({ status: 401, errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] })
  })

  test('that is good is told whose it is', async () => {
    const data = await slipway
      .as({ subject: 'ci', role: 'deployer', projects: ['shop'] })
      .query('{ viewer { subject role projects } }')
    expect(data).toEqual({ viewer: { subject: 'ci', role: 'DEPLOYER', projects: ['shop'] } })
  })

  test.each(['Bearer', 'bearer', 'BEARER  ', 'bEARER    '])('may come after "%s"', async scheme => {
    const answer = await fetch(`${slipway.url}/graphql?query={viewer{subject}}`, {
      headers: { authorization: `${scheme} ${sign(good)}` },
    })
    expect({ status: answer.status, body: await answer.json() }).toMatchObject({
      status: 200,
      body: { data: { viewer: { subject: good.sub } } },
    })
  })

  test.each(['Basic', 'Bearerx', 'Bearer a', 'Token'])('is refused after "%s"', async scheme => {
    const headers = { authorization: `${scheme} ${sign(good)}` }
    expect((await fetch(`${slipway.url}/graphql?query={__typename}`, { headers })).status).toBe(401)
  })

  test('is refused once an administrator has revoked it', async () => {
    const token = sign({ ...good, jti: 'stolen', role: 'deployer' })
    const thief = createClient(slipway.url, token)
    expect((await thief.graphql('{ viewer { subject } }')).status).toBe(200)
    const revoke = 'mutation { revokeToken(input: { tokenId: "stolen" }) { tokenId } }'
    expect((await thief.graphql(revoke)).errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }])
    for (let time = 0; time < 2; time++) await slipway.as().query(revoke)
    await expect.poll(async () => (await thief.graphql('{ viewer { subject } }')).status).toBe(401)
    expect(await slipway.database.auditEvent.count({ where: { action: 'token.revoke' } })).toBe(1)
  })
})

describe('without a token', () => {
  test('the schema can be read, and nothing else', async () => {
    const anonymous = slipway.anonymous()
    expect((await anonymous.graphql('{ __schema { queryType { name } } }')).status).toBe(200)
    for (const query of ['{ viewer { subject } }', '{ projects { nodes { name } } }', '{ node(id: "x") { id } }']) {
      expect(await anonymous.graphql(query)).toMatchObject({ status: 401, errors: [{ message: 'Unauthorized' }] })
    }
    expect(await anonymous.rest('POST', '/api/releases/x/releases/y', {})).toMatchObject({ status: 401 })
  })

  test('health, GraphiQL and the description of the REST API are served', async () => {
    for (const path of ['/healthz', '/readyz', '/graphiql', '/openapi.json']) {
      expect((await fetch(`${slipway.url}${path}`)).status, path).toBe(200)
    }
  })

  test('GraphiQL comes whole from this server', async () => {
    const response = await fetch(`${slipway.url}/graphiql`)
    const page = await response.text()
    expect(page).toContain('Slipway GraphiQL')
    expect(page.match(/<(?:script|link)[^>]+(?:src|href)="(?!data:)[^"]*"/g)).toBeNull()
    const again = await fetch(`${slipway.url}/graphiql`, {
      headers: { 'if-none-match': response.headers.get('etag') ?? '' },
    })
    expect(again.status).toBe(304)
  })
})

describe('a token of some projects', () => {
  test('sees those alone, by whatever way', async () => {
    const mine = await createProject(slipway)
    const other = await createProject(slipway)
    const environment = await other.createEnvironment()
    const candidate = await other.cut('v1-rc1')
    const { body: deployment } = await environment.deploy('v1-rc1')
    const { projects } = await slipway
      .as({ projects: [mine.name] })
      .query<{ projects: object }>('{ projects { nodes { name } } }')
    expect(projects).toEqual({ nodes: [{ name: mine.name }] })
    for (const id of [other.id, environment.id, candidate.id, deployment.id]) {
      const query = `{ node(id: "${id}") { id __typename } }`
      expect(await slipway.as({ projects: [mine.name] }).query(query)).toEqual({ node: null })
      expect(await slipway.as().query(query)).toMatchObject({ node: { id } })
    }
  })

  test('creates no project of another name', async () => {
    const { errors } = await slipway
      .as({ projects: ['mine'] })
      .graphql('mutation { createProject(input: { name: "other", repository: "a/b" }) { project { id } } }')
    expect(errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }])
  })
})

test('what the query of a webhook’s URL holds is for administrators', async () => {
  const project = await createProject(slipway)
  const url = 'https://hooks.example/deploy?token=abcdefgh'
  const secret = `whsec_${Buffer.alloc(32, 1).toString('base64')}`
  await slipway
    .as()
    .query('mutation ($input: UpdateProjectInput!) { updateProject(input: $input) { project { id } } }', {
      input: { project: project.name, buildWorkflow: { webhook: { url, secret } } },
    })
  const shownTo = async (role: 'admin' | 'approver' | 'viewer') =>
    slipway
      .as({ role })
      .query('query ($name: String!) { project(name: $name) { buildWorkflow { webhook { url } } } }', {
        name: project.name,
      })
  const hidden = 'https://hooks.example/deploy?hidden'
  expect(await shownTo('admin')).toEqual({ project: { buildWorkflow: { webhook: { url } } } })
  for (const role of ['approver', 'viewer'] as const) {
    expect(await shownTo(role)).toEqual({ project: { buildWorkflow: { webhook: { url: hidden } } } })
  }
})

describe('too many requests', () => {
  const limited = useSlipway({ rateLimit: 5 })

  test('are told when to come again, each token for itself', async () => {
    const statuses: number[] = []
    const client = createClient(limited.url, testToken())
    for (let count = 0; count < 7; count++)
      statuses.push((await client.rest('GET', '/api/releases/x/environments/y/deployments')).status)
    expect(statuses).toEqual([404, 404, 404, 404, 404, 429, 429])
    const refused = await client.rest('GET', '/api/releases/x/environments/y/deployments')
    expect(refused.body).toMatchObject({ error: 'Too many requests', code: 'RATE_LIMITED' })
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await client.graphql('{ __typename }')).errors).toMatchObject([{ extensions: { code: 'RATE_LIMITED' } }])
    expect((await createClient(limited.url, testToken()).graphql('{ __typename }')).status).toBe(200)
  })
})
