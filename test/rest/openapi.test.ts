import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { beforeAll, describe, expect, test } from 'vitest'
import { createProject, type SeededEnvironment, type SeededProject } from '../support/seed.js'
import { useSlipway } from '../support/slipway.js'

interface Description {
  readonly openapi: string
  readonly paths: Readonly<
    Record<
      string,
      Readonly<Record<string, { responses: Record<string, { content: Record<string, { schema: object }> }> }>>
    >
  >
}

const slipway = useSlipway()
const ajv = new Ajv2020({ strict: false })
addFormats.default(ajv)
const RELEASES = '/api/releases/{project}/releases/{candidate_version}'
const DEPLOYMENTS = '/api/releases/{project}/environments/{environment}/deployments'
let description: Description
let project: SeededProject
let environment: SeededEnvironment

beforeAll(async () => {
  description = (await slipway.anonymous().rest<Description>('GET', '/openapi.json')).body
  project = await createProject(slipway)
  environment = await project.createEnvironment()
  await project.cut('v1-rc1')
  await environment.report('v1-rc1', 'failure', { error_message: 'no' })
})

test('describes the routes and nothing else', () => {
  expect(description.openapi).toBe('3.1.0')
  const routes = Object.entries(description.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map(method => `${method.toUpperCase()} ${path}`),
  )
  expect(routes.sort()).toEqual(
    [
      `POST ${RELEASES}`,
      'POST /api/releases/{project}/environments/{environment}/rollback',
      `POST ${DEPLOYMENTS}`,
      `PATCH ${DEPLOYMENTS}`,
      `GET ${DEPLOYMENTS}`,
      `PATCH ${RELEASES}`,
      'POST /api/v1/sync-build-github-action',
      'POST /api/v1/sync-deploy-github-action',
      'GET /healthz',
      'GET /readyz',
    ].sort(),
  )
})

describe('what is answered is what is described', () => {
  const deployments = () => `/api/releases/${project.name}/environments/${environment.name}/deployments`
  const CALLS: readonly [string, string, () => [string, object?], number][] = [
    [
      'POST',
      RELEASES,
      () => [`/api/releases/${project.name}/releases/v1-rc1`, { repo: project.repository, commit: 'abcdef1' }],
      400,
    ],
    ['POST', RELEASES, () => ['/api/releases/moon/releases/v1-rc1', { repo: 'a/b', commit: 'abcdef1' }], 404],
    ['POST', DEPLOYMENTS, () => [deployments(), { release_candidate_version: 'v1-rc1' }], 201],
    ['POST', DEPLOYMENTS, () => [deployments(), {}], 400],
    ['PATCH', DEPLOYMENTS, () => [deployments(), { release_candidate_version: 'v1-rc1', status: 'success' }], 200],
    ['PATCH', DEPLOYMENTS, () => [deployments(), { release_candidate_version: 'v1-rc1', status: 'x' }], 400],
    ['GET', DEPLOYMENTS, () => [deployments()], 200],
    ['GET', DEPLOYMENTS, () => [`${deployments()}?page=0`], 400],
  ]

  test.each(CALLS)('%s %s', async (method, path, call, expected) => {
    const [url, body] = call()
    const { status, body: answer } = await slipway.as().rest(method, url, body)
    expect(status).toBe(expected)
    const responses = description.paths[path]?.[method.toLowerCase()]?.responses ?? {}
    const response = responses[status] ?? responses[`${String(status)[0]}XX`]
    const schema = response?.content['application/json']?.schema
    expect(schema, `${status} is described`).toBeDefined()
    const fits = ajv.compile({ ...schema, ...(!Array.isArray(answer) && { additionalProperties: false }) })
    expect(fits(answer), ajv.errorsText(fits.errors)).toBe(true)
  })

  test('cutting a release, new and again', async () => {
    const commit = await slipway.repository.commit('described')
    for (const status of [201, 200]) {
      const answer = await slipway
        .as()
        .rest('POST', `/api/releases/${project.name}/releases/v7-rc1`, { repo: project.repository, commit })
      expect(answer.status).toBe(status)
      const schema = description.paths[RELEASES]?.['post']?.responses[status]?.content['application/json']?.schema
      const fits = ajv.compile({ ...schema, additionalProperties: false })
      expect(fits(answer.body), ajv.errorsText(fits.errors)).toBe(true)
    }
  })
})
