import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { createProject } from '../support/seed.js'
import { useSlipway } from '../support/slipway.js'
import { letTimePass } from '../support/time-travel.js'

const slipway = useSlipway()
// Each call of `as` makes a token of its own; the repeats of a request come with the same one.
const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS

async function seed() {
  const project = await createProject(slipway)
  const environment = await project.createEnvironment()
  await project.cut('v1-rc1')
  await project.cut('v1-rc2')
  const client = slipway.as()
  const path = `/api/releases/${project.name}/environments/${environment.name}/deployments`
  const deploy = (key: string, version = 'v1-rc1', by = client) =>
    by.rest('POST', path, { release_candidate_version: version }, { 'idempotency-key': key })
  return { project, environment, client, path, deploy, key: randomUUID() }
}

/** The server that carried a request out died before it could answer, and by now that is known. */
async function serverDied(key: string): Promise<void> {
  await slipway.database.idempotencyKey.updateMany({
    where: { key },
    data: { status: null, contentType: null, body: null },
  })
  await letTimePass(slipway.databaseUrl, MINUTE_MS)
}

describe('a repeated POST with an Idempotency-Key', () => {
  test('gets the first answer again, and says so', async () => {
    const { deploy, key, environment } = await seed()
    const first = await deploy(key)
    const second = await deploy(key)
    expect(first.status).toBe(201)
    expect(first.headers.get('idempotent-replayed')).toBeNull()
    expect(second).toMatchObject({ status: 201, body: first.body })
    expect(second.headers.get('idempotent-replayed')).toBe('true')
    expect(second.headers.get('content-type')).toBe(first.headers.get('content-type'))
    expect(await environment.list()).toHaveLength(1)
  })

  test('is refused when it is another request', async () => {
    const { deploy, key, environment } = await seed()
    await deploy(key)
    expect(await deploy(key, 'v1-rc2')).toMatchObject({
      status: 422,
      body: { error: 'Idempotency key was used with a different request', code: 'IDEMPOTENCY_KEY_REUSED' },
    })
    expect(await environment.list()).toHaveLength(1)
  })

  test('is another request when another token or another key comes with it', async () => {
    const { deploy, key, environment } = await seed()
    await deploy(key)
    await deploy(key, 'v1-rc1', slipway.as())
    await deploy(randomUUID())
    expect(await environment.list()).toHaveLength(3)
  })

  test('is carried out once, however many come at the same time', async () => {
    const { deploy, key, environment } = await seed()
    const answers = await Promise.all(Array.from({ length: 64 }, () => deploy(key)))
    expect(new Set(answers.map(({ status, body }) => `${status} ${body['id']}`)).size).toBe(1)
    expect(answers.filter(({ headers }) => headers.get('idempotent-replayed') === null)).toHaveLength(1)
    expect(await environment.list()).toHaveLength(1)
  })

  test('gets a refusal again, too', async () => {
    const { deploy, key, environment } = await seed()
    const first = await deploy(key, 'v9-rc9')
    expect(first).toMatchObject({ status: 404, body: { error: 'Release not found' } })
    const second = await deploy(key, 'v9-rc9')
    expect(second).toMatchObject({ status: 404, body: first.body })
    expect(second.headers.get('idempotent-replayed')).toBe('true')
    expect(await environment.list()).toHaveLength(0)
  })

  test('is tried again after an answer that was not the last word', async () => {
    const { deploy, key, environment } = await seed()
    await slipway.database
      .$executeRaw`ALTER TABLE audit_events ADD CONSTRAINT refuse CHECK (action <> 'deployment.create') NOT VALID`
    expect((await deploy(key)).status).toBe(500)
    await slipway.database.$executeRaw`ALTER TABLE audit_events DROP CONSTRAINT refuse`
    expect((await deploy(key)).status).toBe(201)
    expect(await environment.list()).toHaveLength(1)
  })

  test('finds what the first has done although that could only be answered with an error', async () => {
    const { project, environment, client, key } = await seed()
    const query = `mutation { createDeployment(input: {
      project: "${project.name}", environment: "${environment.name}", candidateVersion: "v1-rc1"
    }) { deployment { id reviews { actor } } } }`
    const ask = () => client.rest('POST', '/graphql', { query }, { 'idempotency-key': key })
    // The deployment is stored, and then what was asked of it cannot be read.
    await slipway.database.$executeRaw`ALTER TABLE deployment_reviews RENAME TO reviews_that_are_away`
    const first = await ask()
    await slipway.database.$executeRaw`ALTER TABLE reviews_that_are_away RENAME TO deployment_reviews`
    expect(first.body).toMatchObject({ errors: [{ extensions: { code: 'INTERNAL_SERVER_ERROR' } }] })
    const [stored] = await environment.list()
    const second = await ask()
    expect(second.body).toMatchObject({ data: { createDeployment: { deployment: { id: stored?.id } } } })
    expect(await environment.list()).toHaveLength(1)
  })

  test('is a new one after 24 hours', async () => {
    const { deploy, key, environment } = await seed()
    await deploy(key)
    await letTimePass(slipway.databaseUrl, DAY_MS)
    const again = await deploy(key)
    expect(again.headers.get('idempotent-replayed')).toBeNull()
    expect(await environment.list()).toHaveLength(2)
  })

  test('finds what the first has done when its server died before it could answer', async () => {
    const { deploy, key, environment } = await seed()
    const first = await deploy(key)
    await serverDied(key)
    const second = await deploy(key)
    expect(second).toMatchObject({ status: 201, body: { id: first.body['id'] } })
    expect(await environment.list()).toHaveLength(1)
  })

  test('is carried out when its server died before it had done anything', async () => {
    const { deploy, key, environment } = await seed()
    const first = await deploy(key)
    await serverDied(key)
    await slipway.database.deployment.updateMany({ data: { requestKey: null } })
    const second = await deploy(key)
    expect(second.status).toBe(201)
    expect(second.body['id']).not.toBe(first.body['id'])
    expect(await environment.list()).toHaveLength(2)
  })

  test('may be a rollback, which goes back one step', async () => {
    const { project, environment, client, key } = await seed()
    for (const version of ['v1-rc1', 'v1-rc2']) await environment.report(version, 'success')
    const path = `/api/releases/${project.name}/environments/${environment.name}/rollback`
    const first = await client.rest('POST', path, {}, { 'idempotency-key': key })
    await environment.report('v1-rc1', 'success')
    const second = await client.rest('POST', path, {}, { 'idempotency-key': key })
    expect(second).toMatchObject({ status: 201, body: first.body })
    expect(await environment.list()).toHaveLength(3)
  })

  test('may be a GraphQL document, of which each mutation creates something of its own', async () => {
    const { project, environment, client, key } = await seed()
    const create = `createDeployment(input: { project: "${project.name}", environment: "${environment.name}", candidateVersion: "v1-rc1" }) { deployment { id } }`
    const body = { query: `mutation { one: ${create} other: ${create} }` }
    const ask = () => client.rest('POST', '/graphql', body, { 'idempotency-key': key })
    const first = await ask()
    const second = await ask()
    expect(first.body).toMatchObject({ data: { one: {}, other: {} } })
    expect(second.body).toEqual(first.body)
    expect(second.headers.get('idempotent-replayed')).toBe('true')
    expect(await environment.list()).toHaveLength(2)
  })
})

test('an Idempotency-Key that is none is refused', async () => {
  const { deploy } = await seed()
  for (const key of ['with a space', 'x'.repeat(256)]) {
    expect(await deploy(key)).toMatchObject({
      status: 400,
      body: {
        error: 'Invalid Idempotency-Key',
        details: 'Expected 1 to 255 visible ASCII characters, such as a UUID.',
      },
    })
  }
})

test('a body that is not even read leaves its key free', async () => {
  const { client, path, deploy, key } = await seed()
  expect(await client.rest('POST', path, {}, { 'idempotency-key': key })).toMatchObject({ status: 400 })
  expect((await deploy(key)).status).toBe(201)
})

test('an Idempotency-Key means nothing to a PATCH', async () => {
  const { client, path, key } = await seed()
  const report = (status: string) =>
    client.rest('PATCH', path, { release_candidate_version: 'v1-rc1', status }, { 'idempotency-key': key })
  expect(await report('in_progress')).toMatchObject({ status: 200, body: { status: 'in_progress' } })
  expect(await report('success')).toMatchObject({ status: 200, body: { status: 'success' } })
})
