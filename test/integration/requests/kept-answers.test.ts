import { createHash, randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { createClient } from '../../support/client.js'
import { createProject } from '../../support/seed.js'
import { unique, useSlipway } from '../../support/slipway.js'
import { testToken } from '../../support/token.js'

const slipway = useSlipway()

const kept = (key: string) => slipway.database.idempotencyKey.findMany({ where: { key } })
const revoke = (tokenId: string) => ({
  query: `mutation { revokeToken(input: { tokenId: "${tokenId}" }) { tokenId } }`,
})

/** A client, and the ID of its token. */
function knownToken() {
  const token = testToken()
  const { jti } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { jti: string }
  return { client: createClient(slipway.url, token), tokenId: jti }
}

describe('of a request with an Idempotency-Key that nothing is begun of, nothing is kept', () => {
  const PERSISTED = '{ viewer { subject role } }'
  const persistedQuery = { version: 1, sha256Hash: createHash('sha256').update(PERSISTED).digest('hex') }

  test.each([
    ['a query', { query: '{ viewer { subject } }' }],
    ['a query that speaks of a mutation', { query: '{ viewer { subject } } # no mutation' }],
    [
      'a query beside a mutation',
      { query: 'query Q { viewer { subject } } mutation M { __typename }', operationName: 'Q' },
    ],
    ['the registration of a persisted query', { query: PERSISTED, extensions: { persistedQuery } }],
    ['a persisted query', { extensions: { persistedQuery } }],
    ['a mutation that does not fit the schema', { query: 'mutation { moon }' }],
    ['a mutation whose input is too large', revoke('x'.repeat(300))],
    ['a mutation whose variables do not fit', { query: 'mutation ($a: Int!) { __typename @skip(if: $a) }' }],
  ])('%s', async (_what, body) => {
    const key = randomUUID()
    const client = slipway.as()
    const first = await client.rest('POST', '/graphql', body, { 'idempotency-key': key })
    expect(first.status).toBeLessThan(500)
    expect(await kept(key)).toEqual([])
    // So another request may have the key.
    const other = await client.rest('POST', '/graphql', revoke(unique('t')), { 'idempotency-key': key })
    expect(other.body).toMatchObject({ data: { revokeToken: {} } })
  })
})

test('what may have been begun by a server that died stays known, whatever becomes of its repeat', async () => {
  const { client, tokenId } = knownToken()
  const key = randomUUID()
  const body = { query: 'mutation { moon }' }
  const requestHash = createHash('sha256')
    .update(JSON.stringify(['/graphql', body]))
    .digest('base64url')
  const id = randomUUID()
  await slipway.database.idempotencyKey.create({
    data: { id, tokenId, key, requestHash, claimedAt: new Date(Date.now() - 60_000) },
  })
  for (let time = 0; time < 2; time++) {
    expect((await client.rest('POST', '/graphql', body, { 'idempotency-key': key })).status).toBe(400)
    expect(await kept(key)).toMatchObject([{ id, status: null }])
  }
})

test('of an answer that is too large it is kept that the request was carried out, and a repeat is told so', async () => {
  const project = await createProject(slipway)
  const environment = await project.createEnvironment()
  for (let number = 1; number <= 12; number++) {
    await project.cut(`v1-rc${number}`)
    await environment.report(`v1-rc${number}`, 'failure', { error_message: `${number} ${'x'.repeat(3_900)}` })
  }
  const body = {
    query: `mutation { createDeployment(input: { project: "${project.name}", environment: "${environment.name}", candidateVersion: "v1-rc1" }) {
      deployment { id environment { deployments(first: 20) { nodes { errorMessage } } } } } }`,
  }
  const client = slipway.as()
  const ask = () => client.rest('POST', '/graphql', body, { 'idempotency-key': 'large' })
  const first = await ask()
  expect(first.body).toMatchObject({ data: { createDeployment: { deployment: {} } } })
  const second = await ask()
  expect(second).toMatchObject({
    status: 409,
    body: { errors: [{ extensions: { code: 'CONFLICT', reason: 'ANSWER_NOT_KEPT' } }] },
  })
  expect(second.headers.get('idempotent-replayed')).toBe('true')
  expect(await environment.list('?per_page=100')).toHaveLength(13)
  const [row] = await kept('large')
  expect(row?.body?.length).toBeLessThan(1_000)
})

test('a token that has used 100,000 keys gets its answers again, and takes no further one', async () => {
  const { client, tokenId } = knownToken()
  await slipway.database.$executeRaw`
    INSERT INTO idempotency_keys (id, token_id, key, request_hash, claimed_at)
    SELECT gen_random_uuid(), ${tokenId}, 'filler-' || n, 'x', now() FROM generate_series(1, 99999) AS n`
  const ask = (key: string, by = client) => by.rest('POST', '/graphql', revoke('known'), { 'idempotency-key': key })
  const last = await ask('last')
  expect(last).toMatchObject({ status: 200, body: { data: { revokeToken: { tokenId: 'known' } } } })
  const further = await ask('further')
  expect(further).toMatchObject({
    status: 429,
    body: { errors: [{ extensions: { code: 'RATE_LIMITED', reason: 'IDEMPOTENCY_KEYS_USED_UP' } }] },
  })
  expect(Number(further.headers.get('retry-after'))).toBeGreaterThan(0)
  expect(await kept('further')).toEqual([])
  const again = await ask('last')
  expect(again).toMatchObject({ status: 200, body: last.body })
  expect(again.headers.get('idempotent-replayed')).toBe('true')
  expect((await ask('further', slipway.as())).status).toBe(200)
})
