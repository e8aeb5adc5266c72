import { beforeAll, describe, expect, test } from 'vitest'
import { createGitRepository } from '../support/git-repository.js'
import { createProject, type SeededEnvironment, type SeededProject } from '../support/seed.js'
import { useSlipway } from '../support/slipway.js'
import { type TestToken, testToken } from '../support/token.js'

const slipway = useSlipway()
let project: SeededProject
let environment: SeededEnvironment
let commit: string

beforeAll(async () => {
  project = await createProject(slipway)
  environment = await project.createEnvironment()
  commit = (await project.cut('v1-rc1')).commit
  await project.cut('v2-rc1')
  await slipway.database.releaseCandidate.updateMany({
    where: { release: { version: 'v2' } },
    data: { status: 'BUILDING' },
  })
})

interface Call {
  readonly as?: TestToken
  readonly method?: string
  readonly path?: string
  readonly body?: unknown
}

const cut = (change: Partial<{ project: string; version: string; body: object }> = {}) => ({
  path: `/api/releases/${change.project ?? project.name}/releases/${encodeURIComponent(change.version ?? 'v9-rc1')}`,
  body: { repo: project.repository, commit, ...change.body },
})
const deploy = (change: Partial<{ project: string; environment: string; body: object }> = {}) => ({
  path: `/api/releases/${change.project ?? project.name}/environments/${change.environment ?? environment.name}/deployments`,
  body: { release_candidate_version: 'v1-rc1', ...change.body },
})
const report = (change: Parameters<typeof deploy>[0] = {}) => {
  const call = deploy(change)
  return { method: 'PATCH', path: call.path, body: { status: 'success', ...call.body } }
}

/** What is sent, and the status and the error that it must be answered with. */
const TABLE: readonly [string, () => Call, number, string][] = [
  ['a version without a number', () => cut({ version: 'v9' }), 400, 'Invalid release candidate version'],
  ['a version with a leading zero', () => cut({ version: 'v9-rc01' }), 400, 'Invalid release candidate version'],
  [
    'a version of 101 characters',
    () => cut({ version: `${'v'.repeat(101)}-rc1` }),
    400,
    'Invalid release candidate version',
  ],
  [
    'a deployment of no version',
    () => deploy({ body: { release_candidate_version: 'v9' } }),
    400,
    'Invalid release candidate version',
  ],
  [
    'a report of no version',
    () => report({ body: { release_candidate_version: '' } }),
    400,
    'Invalid release candidate version',
  ],
  ['a commit of 6 digits', () => cut({ body: { commit: 'abcdef' } }), 400, 'Invalid commit hash'],
  [
    'a commit that is no hexadecimal number',
    () => cut({ body: { commit: 'main-branch' } }),
    400,
    'Invalid commit hash',
  ],
  [
    'a commit that the repository has not',
    () => cut({ body: { commit: 'deadbeefdeadbeef' } }),
    400,
    'Invalid commit hash',
  ],
  [
    'another repository',
    () => cut({ body: { repo: 'acme/other' } }),
    400,
    'Repository does not match the release project',
  ],
  ['a malformed repository', () => cut({ body: { repo: 'acme' } }), 404, 'GitHub repository not found'],
  ['a status that is none', () => report({ body: { status: 'done' } }), 400, 'Invalid deployment status'],
  ['a status in upper case', () => report({ body: { status: 'SUCCESS' } }), 400, 'Invalid deployment status'],
  ['no repository', () => cut({ body: { repo: undefined } }), 400, 'repo is missing'],
  ['no commit', () => cut({ body: { commit: undefined } }), 400, 'commit is missing'],
  ['a number as commit', () => cut({ body: { commit: 1234567 } }), 400, 'commit must be of type string'],
  [
    'a word as trigger',
    () => cut({ body: { trigger_build_workflow: 'no' } }),
    400,
    'trigger_build_workflow must be of type boolean',
  ],
  [
    'no candidate',
    () => deploy({ body: { release_candidate_version: undefined } }),
    400,
    'release_candidate_version is missing',
  ],
  ['no status', () => report({ body: { status: undefined } }), 400, 'status is missing'],
  [
    'a number as error message',
    () => report({ body: { error_message: 1 } }),
    400,
    'error_message must be of type string or null',
  ],
  [
    'a time that is none',
    () => report({ body: { occurred_at: 'yesterday' } }),
    400,
    'occurred_at must be an ISO 8601 time with its offset, such as 2026-11-23T18:00:00Z',
  ],
  [
    'a link that is none',
    () => report({ body: { external_url: 'javascript:alert(1)' } }),
    400,
    'Invalid external_url: it must be an http or https URL',
  ],
  [
    'a NUL character',
    () => report({ body: { error_message: 'a\u0000b' } }),
    400,
    'errorMessage must not contain the character U+0000, or half of a surrogate pair',
  ],
  [
    'a NUL character in the path',
    () => deploy({ project: 'a%00b' }),
    400,
    'project must not contain the character U+0000, or half of a surrogate pair',
  ],
  ['a list as body', () => ({ ...deploy(), body: [] }), 400, 'The body must be a JSON object'],
  ['no body', () => ({ ...deploy(), body: undefined }), 400, 'The body must be a JSON object'],
  ['a viewer who cuts', () => ({ ...cut(), as: { role: 'viewer' } }), 403, 'Forbidden'],
  ['a viewer who deploys', () => ({ ...deploy(), as: { role: 'viewer' } }), 403, 'Forbidden'],
  ['a viewer who reports', () => ({ ...report(), as: { role: 'viewer' } }), 403, 'Forbidden'],
  ['an unknown project', () => cut({ project: 'nowhere' }), 404, 'Release project not found'],
  [
    'a project that the token may not see',
    () => ({ ...deploy(), as: { projects: ['other'] } }),
    404,
    'Release project not found',
  ],
  ['an unknown environment', () => deploy({ environment: 'moon' }), 404, 'Release environment not found'],
  ['a report on an unknown environment', () => report({ environment: 'moon' }), 404, 'Release environment not found'],
  [
    'a deployment of an unknown candidate',
    () => deploy({ body: { release_candidate_version: 'v1-rc2' } }),
    404,
    'Release not found',
  ],
  [
    'a report of an unknown candidate',
    () => report({ body: { release_candidate_version: 'v3-rc1' } }),
    404,
    'Release not found',
  ],
  [
    'a list of an unknown project',
    () => ({ method: 'GET', path: deploy({ project: 'nowhere' }).path }),
    404,
    'Release project not found',
  ],
  [
    'a list of an unknown environment',
    () => ({ method: 'GET', path: deploy({ environment: 'moon' }).path }),
    404,
    'Release environment not found',
  ],
  ['an unknown route', () => ({ method: 'GET', path: '/api/moon' }), 404, 'Not found'],
  [
    'a candidate that is not ready',
    () => deploy({ body: { release_candidate_version: 'v2-rc1' } }),
    409,
    'Release candidate is not ready',
  ],
  // Where several apply: the shape before the project, the project before the role, and so on down to the rules.
  [
    'a malformed version of an unknown project',
    () => cut({ project: 'nowhere', version: 'v9' }),
    400,
    'Invalid release candidate version',
  ],
  [
    'an unknown project, by a viewer',
    () => ({ ...deploy({ project: 'nowhere' }), as: { role: 'viewer' } }),
    404,
    'Release project not found',
  ],
  [
    'an unknown environment, by a viewer',
    () => ({ ...deploy({ environment: 'moon' }), as: { role: 'viewer' } }),
    403,
    'Forbidden',
  ],
  [
    'an unknown environment and candidate',
    () => deploy({ environment: 'moon', body: { release_candidate_version: 'x-rc1' } }),
    404,
    'Release environment not found',
  ],
]

test.each(TABLE)('%s', async (_what, call, status, error) => {
  const { as, method = 'POST', path = '', body } = call()
  const answer = await slipway.as(as).rest(method, path, body)
  expect(answer).toMatchObject({ status, body: { error, code: expect.any(String), request_id: expect.any(String) } })
  expect(answer.headers.get('x-request-id')).toBe(answer.body['request_id'])
})

test('a URL that cannot be decoded is told as such', async () => {
  const answer = await slipway.as().rest('GET', '/api/releases/%zz/environments/x/deployments')
  expect(answer).toMatchObject({ status: 400, body: { error: expect.stringContaining('%zz'), code: 'INVALID_INPUT' } })
})

test('the same candidate at another commit is a conflict', async () => {
  const other = await slipway.repository.commit('another')
  const { path, body } = cut({ version: 'v1-rc1', body: { commit: other } })
  expect(await slipway.as().rest('POST', path, body)).toMatchObject({
    status: 409,
    body: { error: 'Release candidate already exists with a different commit' },
  })
})

test('a repository that is gone is not found, and nothing is stored', async () => {
  const gone = await createGitRepository()
  await gone.remove()
  const input = { name: 'gone', repository: 'acme/gone', repositoryHost: 'GIT', cloneUrl: gone.cloneUrl }
  await slipway
    .as()
    .query('mutation ($input: CreateProjectInput!) { createProject(input: $input) { project { id } } }', { input })
  const answer = await slipway.as().rest('POST', '/api/releases/gone/releases/v1-rc1', { repo: 'acme/gone', commit })
  expect(answer).toMatchObject({ status: 404, body: { error: 'GitHub repository not found' } })
  expect(await slipway.database.release.count({ where: { project: { name: 'gone' } } })).toBe(0)
})

test('a host that does not answer is unavailable: nothing is stored, and it is said when to try again', async () => {
  const input = { name: 'hub', repository: 'acme/hub' }
  await slipway
    .as()
    .query('mutation ($input: CreateProjectInput!) { createProject(input: $input) { project { id } } }', { input })
  const answer = await slipway.as().rest('POST', '/api/releases/hub/releases/v1-rc1', { repo: 'acme/hub', commit })
  expect(answer).toMatchObject({ status: 503, body: { error: 'GitHub is unavailable' } })
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
  expect(await slipway.database.release.count({ where: { project: { name: 'hub' } } })).toBe(0)
})

describe('a body', () => {
  const send = (headers: Record<string, string>, body: string) =>
    fetch(`${slipway.url}${deploy().path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${testToken()}`, ...headers },
      body,
    })

  test('over 1 MiB is too large', async () => {
    const answer = await send(
      { 'content-type': 'application/json' },
      JSON.stringify({ padding: 'x'.repeat(1_100_000) }),
    )
    expect(answer.status).toBe(413)
    expect(await answer.json()).toMatchObject({ error: 'The body is larger than 1 MiB' })
  })

  test.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data'])(
    'of %s is no JSON',
    async type => {
      const answer = await send({ 'content-type': type }, '{}')
      expect(answer.status).toBe(415)
      expect(await answer.json()).toMatchObject({ error: 'The body must be application/json' })
    },
  )

  test('that is broken is told as such', async () => {
    const answer = await send({ 'content-type': 'application/json' }, '{"release_candidate_version":')
    expect(answer.status).toBe(400)
    expect(await answer.json()).toMatchObject({ error: expect.stringContaining('JSON'), code: 'INVALID_INPUT' })
  })

  test('may have members that nobody knows', async () => {
    const answer = await send(
      { 'content-type': 'application/json' },
      JSON.stringify({ release_candidate_version: 'v1-rc1', moon: true }),
    )
    expect(answer.status).toBe(201)
  })
})
