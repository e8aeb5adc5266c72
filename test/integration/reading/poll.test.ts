import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { freeze, liftFreeze, review } from '../../support/guarded.js'
import { createProject } from '../../support/seed.js'
import { unique, useSlipway } from '../../support/slipway.js'
import { type TestToken, testToken } from '../../support/token.js'

const slipway = useSlipway()

const DASHBOARD = `query ($name: String!) {
  project(name: $name) { environments { name current { version } } releases { totalCount } }
}`

/** Asks over GET with the hash of the query instead of the query, as clients with automatic persisted queries do. */
function poll(query: string, variables: object, etag: string | null = null, token: TestToken = {}, more = {}) {
  const url = new URL('/graphql', slipway.url)
  const sha256Hash = createHash('sha256').update(query).digest('hex')
  url.search = new URLSearchParams({
    variables: JSON.stringify(variables),
    extensions: JSON.stringify({ persistedQuery: { version: 1, sha256Hash } }),
    ...more,
  }).toString()
  const headers = { authorization: `Bearer ${testToken(token)}`, ...(etag !== null && { 'if-none-match': etag }) }
  return fetch(url, { headers, cache: 'no-store' })
}

async function tagOf(query: string, variables: object, token: TestToken = {}): Promise<string> {
  await poll(query, variables, null, token, { query })
  const response = await poll(query, variables, null, token)
  expect(response.status).toBe(200)
  return response.headers.get('etag') ?? ''
}

test('a query that is not known by its hash is asked for, and known from then on', async () => {
  const { name } = await createProject(slipway)
  const query = `${DASHBOARD} # ${name}`
  const unknown = await poll(query, { name })
  expect(await unknown.json()).toMatchObject({ errors: [{ extensions: { code: 'PERSISTED_QUERY_NOT_FOUND' } }] })
  expect(unknown.headers.get('etag')).toBeNull()
  await poll(query, { name }, null, {}, { query })
  expect((await poll(query, { name })).status).toBe(200)
})

test('an answer that has not changed is not given again', async () => {
  const { name } = await createProject(slipway)
  const tag = await tagOf(DASHBOARD, { name })
  const again = await poll(DASHBOARD, { name }, tag)
  expect(again.status).toBe(304)
  expect(await again.text()).toBe('')
  expect(again.headers.get('etag')).toBe(tag)
  expect(again.headers.get('cache-control')).toBe('private, no-cache')
  expect((await poll(DASHBOARD, { name }, `"other", ${tag}`)).status).toBe(304)
  expect((await poll(DASHBOARD, { name }, 'W/"x.y.1-1"')).status).toBe(200)
})

test('whatever is written to a project changes the tag of its answers', async () => {
  const project = await createProject(slipway)
  const other = await createProject(slipway)
  const { name } = project
  const environment = await project.createEnvironment('production')
  await project.cut('v1-rc1')
  const admin = slipway.as()
  const update = 'mutation ($input: UpdateProjectInput!) { updateProject(input: $input) { project { id } } }'
  const writes: (() => Promise<unknown>)[] = [
    () => project.createEnvironment(),
    () => project.cut('v1-rc2'),
    () => project.cut('v2-rc1'),
    () => environment.deploy('v1-rc1'),
    () => environment.report('v1-rc1', 'in_progress'),
    // Too late to count: it is in the history alone.
    () => environment.report('v1-rc1', 'pending', { occurred_at: '2026-01-01T00:00:00Z' }),
    () => environment.report('v1-rc1', 'success'),
    () =>
      admin.query(update, {
        input: { project: name, buildWorkflow: { githubActions: { workflow: 'b.yml', repository: 'a/b' } } },
      }),
    () => freeze(admin, { project: name }),
    () => slipway.database.$executeRaw`
      INSERT INTO problems (work, kind, payload, project_id, environment_id, message, at)
      SELECT 'roll-back:1', 'roll-back', '{}', project_id, id, 'It could not be done', now() FROM environments
      WHERE project_id = (SELECT id FROM projects WHERE name = ${name}) LIMIT 1`,
    () => slipway.database.$executeRaw`DELETE FROM problems WHERE work = 'roll-back:1'`,
    async () => liftFreeze(admin, await freeze(admin, {})),
    () => guard({ gates: { approval: { requiredApprovals: 1 } } }),
    () =>
      admin.query('mutation ($input: QuarantineInput!) { quarantineCandidate(input: $input) { candidate { id } } }', {
        input: { project: name, candidateVersion: 'v2-rc1', reason: 'It leaks' },
      }),
    async () => {
      const body = { release_candidate_version: 'v1-rc1', force: true, reason: 'It must' }
      const path = `/api/releases/${name}/environments/production/deployments`
      await review(
        slipway.as({ subject: 'ann' }),
        'approve',
        (await admin.rest<{ id: string }>('POST', path, body)).body.id,
      )
    },
    () => admin.query(update, { input: { project: name, name: `${name}-2` } }),
    () => admin.query(update, { input: { project: other.name, name } }),
  ]
  const guard = (change: object) =>
    admin.query(
      'mutation ($input: UpdateEnvironmentInput!) { updateEnvironment(input: $input) { environment { id } } }',
      { input: { project: name, environment: 'production', ...change } },
    )
  const seen = new Set<string>()
  for (const write of writes) {
    const tag = await tagOf(DASHBOARD, { name })
    seen.add(tag)
    expect((await poll(DASHBOARD, { name }, tag)).status).toBe(304)
    await write()
    expect((await poll(DASHBOARD, { name }, tag)).status).toBe(200)
  }
  expect(seen.size).toBe(writes.length)
})

test('an answer that changes with time alone has no tag', async () => {
  const project = await createProject(slipway)
  await project.createEnvironment('production')
  const { name } = project
  for (const asked of [
    'environments { freezes { reason } }',
    'environments { canDeploy(candidateVersion: "v1-rc1") { allowed } }',
    'environments { activeDeployments { nodes { waitingFor { gate } } } }',
    'freezes { currentWindow { endsAt } }',
  ]) {
    const query = `query ($name: String!) { project(name: $name) { ${asked} } }`
    const response = await poll(query, { name }, null, {}, { query })
    expect(response.status).toBe(200)
    expect(response.headers.get('etag'), asked).toBeNull()
    expect(response.headers.get('cache-control')).toBe('no-store')
  }
})

test('what is written elsewhere changes the tag of lists of projects, and not that of a project', async () => {
  const project = await createProject(slipway)
  const other = await createProject(slipway)
  const board = '{ projects(first: 1) { nodes { name } } }'
  const [tag, tagOfBoard] = [await tagOf(DASHBOARD, { name: project.name }), await tagOf(board, {})]
  const ofToken = { projects: [project.name] }
  const tagOfToken = await tagOf(board, {}, ofToken)
  await other.createEnvironment()
  expect((await poll(DASHBOARD, { name: project.name }, tag)).status).toBe(304)
  expect((await poll(board, {}, tagOfToken, ofToken)).status).toBe(304)
  expect((await poll(board, {}, tagOfBoard)).status).toBe(200)
})

test('a tag is good for who got it and for what was asked', async () => {
  const { name } = await createProject(slipway)
  const tag = await tagOf(DASHBOARD, { name })
  expect((await poll(DASHBOARD, { name }, tag, { role: 'viewer' })).status).toBe(200)
  expect((await poll(DASHBOARD, { name }, tag, { subject: 'another' })).status).toBe(200)
  expect((await poll(DASHBOARD, { name }, tag, { projects: [name] })).status).toBe(200)
  expect((await poll(DASHBOARD, { name: unique('none') }, tag)).status).toBe(200)
  const anonymous = await fetch(new URL('/graphql?query={viewer{role}}', slipway.url), {
    headers: { 'if-none-match': tag },
  })
  expect(anonymous.status).toBe(401)
})

test('what is not of projects, or went wrong, has no tag', async () => {
  for (const query of [
    '{ viewer { role } }',
    '{ __schema { queryType { name } } }',
    '{ projects(first: 101) { totalCount } }',
  ]) {
    const response = await poll(query, {}, null, {}, { query })
    expect(response.headers.get('etag')).toBeNull()
    expect(response.headers.get('cache-control')).toBe('no-store')
  }
})

test('a version is never missed while others commit', async () => {
  const project = await createProject(slipway)
  const environments = await Promise.all(Array.from({ length: 4 }, () => project.createEnvironment()))
  await project.cut('v1-rc1')
  const count = `query ($name: String!) { project(name: $name) { environments { deployments { totalCount } } } }`
  await tagOf(count, { name: project.name })
  const answers = new Map<string, string>()
  let isWriting = true
  // Until so many versions have been seen, however seldom the reader gets its turn.
  const isSeen = () => answers.size > 10
  const writing = Promise.all(
    environments.map(async environment => {
      for (let done = 0; done < 25 || (!isSeen() && done < 1_000); done++) await environment.deploy('v1-rc1')
    }),
  ).finally(() => {
    isWriting = false
  })
  while (isWriting) {
    const response = await poll(count, { name: project.name })
    const [tag, body] = [response.headers.get('etag') ?? '', await response.text()]
    expect(answers.get(tag) ?? body).toBe(body)
    answers.set(tag, body)
  }
  await writing
  expect(isSeen()).toBe(true)
})
