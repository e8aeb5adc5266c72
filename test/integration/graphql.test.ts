import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { createSchema, describeSchema } from '../../src/graphql/schema.js'
import { createProject } from '../support/seed.js'
import { unique, useSlipway } from '../support/slipway.js'

const slipway = useSlipway()

test('schema/schema.graphql is what the code says', async () => {
  const file = new URL('../../schema/schema.graphql', import.meta.url)
  expect(await readFile(file, 'utf8')).toBe(describeSchema(createSchema()))
})

test('every type and field is documented', () => {
  const undocumented: string[] = []
  for (const type of Object.values(createSchema().getTypeMap())) {
    if (type.name.startsWith('__')) continue
    if (!type.description && !['Query', 'Mutation'].includes(type.name)) undocumented.push(type.name)
    if (!('getFields' in type)) continue
    for (const field of Object.values(type.getFields())) {
      if (!field.description) undocumented.push(`${type.name}.${field.name}`)
    }
  }
  expect(undocumented).toEqual([])
})

const CREATE_PROJECT = 'mutation ($input: CreateProjectInput!) { createProject(input: $input) { project { id name } } }'
const UPDATE_PROJECT = 'mutation ($input: UpdateProjectInput!) { updateProject(input: $input) { project { name } } }'
const UPDATE_ENVIRONMENT =
  'mutation ($input: UpdateEnvironmentInput!) { updateEnvironment(input: $input) { environment { id name tier } } }'

describe('a project', () => {
  test('is created without asking its host', async () => {
    const name = unique('hub')
    const data = await slipway.as().query(CREATE_PROJECT, { input: { name, repository: 'acme/nowhere' } })
    expect(data).toMatchObject({ createProject: { project: { name } } })
  })

  test.each([
    [{ name: 'a/b' }, 'BAD_USER_INPUT', 'Invalid project name'],
    [{ name: 'x'.repeat(101) }, 'BAD_USER_INPUT', 'Invalid project name'],
    [{ repository: 'acme' }, 'BAD_USER_INPUT', 'Invalid repository'],
    [{ repositoryHost: 'GIT' }, 'BAD_USER_INPUT', 'cloneUrl is missing: repositoryHost GIT needs one'],
    [{ cloneUrl: 'https://git.example/x' }, 'BAD_USER_INPUT', 'cloneUrl is for repositoryHost GIT only, not GITHUB'],
    [{ repositoryHost: 'GIT', cloneUrl: 'ext::sh -c x' }, 'BAD_USER_INPUT', 'Invalid cloneUrl'],
  ])('is refused with %o', async (wrong, code, message) => {
    const input = { name: unique('p'), repository: 'acme/p', ...wrong }
    const { errors } = await slipway.as().graphql(CREATE_PROJECT, { input })
    expect(errors).toMatchObject([{ message, extensions: { code } }])
  })

  test('has a name of its own', async () => {
    const { name } = await createProject(slipway)
    const { errors } = await slipway.as().graphql(CREATE_PROJECT, { input: { name, repository: 'acme/p' } })
    expect(errors).toMatchObject([{ extensions: { code: 'CONFLICT', reason: 'PROJECT_EXISTS' } }])
  })

  test('can be renamed', async () => {
    const project = await createProject(slipway)
    const name = unique('renamed')
    await slipway.as().query(UPDATE_PROJECT, { input: { project: project.name, name } })
    const data = await slipway
      .as()
      .query('query ($id: ID!) { node(id: $id) { ... on Project { name } } }', { id: project.id })
    expect(data).toEqual({ node: { name } })
  })

  test('lists its environments in promotion order', async () => {
    const project = await createProject(slipway)
    for (const [name, tier] of [
      ['live', 'PRODUCTION'],
      ['qa', 'STAGING'],
      ['dev', 'DEVELOPMENT'],
      ['uat', 'STAGING'],
    ]) {
      await project.createEnvironment(name, tier)
    }
    const data = await slipway
      .as()
      .query<{ project: { environments: { name: string }[] } }>(
        'query ($name: String!) { project(name: $name) { environments { name } } }',
        { name: project.name },
      )
    expect(data.project.environments.map(({ name }) => name)).toEqual(['dev', 'qa', 'uat', 'live'])
  })
})

describe('an environment', () => {
  test('can be renamed, and its past deployments follow', async () => {
    const project = await createProject(slipway)
    const environment = await project.createEnvironment('old')
    await project.cut('v1-rc1')
    await environment.report('v1-rc1', 'success')
    const input = { project: project.name, environment: 'old', name: 'new', tier: 'STAGING' }
    const data = await slipway.as().query(UPDATE_ENVIRONMENT, { input })
    expect(data).toEqual({ updateEnvironment: { environment: { id: environment.id, name: 'new', tier: 'STAGING' } } })
    const path = `/api/releases/${project.name}/environments/new/deployments`
    expect((await slipway.as().rest('GET', path)).body).toMatchObject([{ environment_name: 'new' }])
  })

  test('has a name of its own within the project', async () => {
    const project = await createProject(slipway)
    await project.createEnvironment('one')
    await project.createEnvironment('two')
    const input = { project: project.name, environment: 'one', name: 'two' }
    const { errors } = await slipway.as().graphql(UPDATE_ENVIRONMENT, { input })
    expect(errors).toMatchObject([{ extensions: { code: 'CONFLICT', reason: 'ENVIRONMENT_EXISTS' } }])
  })
})

interface Connection {
  readonly totalCount: number
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null }
  readonly nodes: readonly { readonly key: string }[]
}

describe('a list', () => {
  const LISTS = {
    deployments:
      'environment(name: "production") { list: deployments(first: $first, after: $after) { ...Page nodes { key: id } } }',
    releases: 'list: releases(first: $first, after: $after) { ...Page nodes { key: version } }',
    'deployments of a candidate':
      'candidate(version: "v1-rc1") { list: deployments(first: $first, after: $after) { ...Page nodes { key: id } } }',
  }

  test.each(Object.entries(LISTS))(
    'of %s is walked page by page, newest first, each row once',
    async (_name, selection) => {
      const project = await createProject(slipway)
      const environment = await project.createEnvironment('production')
      const expected: string[] = []
      for (let count = 1; count <= 7; count++) {
        await project.cut(`v${count}-rc1`)
        const { body } = await environment.deploy('v1-rc1')
        expected.unshift(selection.includes('version }') ? `v${count}` : body.id)
      }
      const type = selection.includes('releases') ? 'ReleaseConnection' : 'DeploymentConnection'
      const query = `query ($name: String!, $first: Int, $after: String) { project(name: $name) { ${selection} } }
      fragment Page on ${type} { totalCount pageInfo { hasNextPage endCursor } }`
      const seen: string[] = []
      for (let after: string | null = null, more = true; more; ) {
        const data = await slipway.as().query<{ project: object }>(query, { name: project.name, first: 3, after })
        const { list } = { ...data.project, ...Object.values(data.project)[0] } as { list: Connection }
        expect(list.totalCount).toBe(7)
        seen.push(...list.nodes.map(({ key }) => key))
        after = list.pageInfo.endCursor
        more = list.pageInfo.hasNextPage
      }
      expect(seen).toEqual(expected)
    },
  )

  test('of projects is searched by name and shows what the token may see', async () => {
    const names = [unique('Alpha'), unique('alphabet'), unique('beta')]
    for (const name of names) await slipway.as().query(CREATE_PROJECT, { input: { name, repository: 'acme/x' } })
    const query = '{ projects(search: "ALPHA") { totalCount nodes { name } } }'
    const all = await slipway.as().query(query)
    expect(all).toEqual({ projects: { totalCount: 2, nodes: [{ name: names[1] }, { name: names[0] }] } })
    const some = await slipway.as({ projects: [names[0] ?? ''] }).query(query)
    expect(some).toEqual({ projects: { totalCount: 1, nodes: [{ name: names[0] }] } })
  })

  test('is filtered by status, and the same list can be asked for twice in one query', async () => {
    const project = await createProject(slipway)
    const environment = await project.createEnvironment('production')
    for (const [version, status] of [
      ['v1-rc1', 'success'],
      ['v2-rc1', 'failure'],
      ['v3-rc1', 'error'],
    ] as const) {
      await project.cut(version)
      await environment.report(version, status)
    }
    const data = await slipway.as().query(
      `query ($name: String!) { project(name: $name) { environment(name: "production") {
        bad: deployments(status: [FAILURE, ERROR]) { totalCount nodes { number } }
        good: deployments(status: SUCCESS) { totalCount nodes { number } }
      } } }`,
      { name: project.name },
    )
    expect(data).toEqual({
      project: {
        environment: {
          bad: { totalCount: 2, nodes: [{ number: 3 }, { number: 2 }] },
          good: { totalCount: 1, nodes: [{ number: 1 }] },
        },
      },
    })
  })

  test('refuses a cursor that no list gave', async () => {
    const project = await createProject(slipway)
    const { name } = await project.createEnvironment()
    for (const cursor of ['x', '', Buffer.from('9999999999').toString('base64url')]) {
      const { errors } = await slipway
        .as()
        .graphql(
          'query ($project: String!, $name: String!, $after: String) { project(name: $project) { environment(name: $name) { deployments(after: $after) { nodes { id } } } } }',
          { project: project.name, name, after: cursor },
        )
      expect(errors).toMatchObject([{ message: 'Invalid cursor', extensions: { code: 'BAD_USER_INPUT' } }])
    }
  })

  test.each(['first: 101', 'first: -1', 'after: "x"', 'after: "MQ"'])('refuses %s', async argument => {
    const { errors } = await slipway.as().graphql(`{ projects(${argument}) { nodes { name } } }`)
    expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', reason: 'INVALID_INPUT' } }])
  })
})

test('a mutation answers with the state after it, also after another one in the same request', async () => {
  const project = await createProject(slipway)
  await project.createEnvironment('production')
  await project.cut('v1-rc1')
  const input = { project: project.name, environment: 'production', candidateVersion: 'v1-rc1' }
  const selection = 'deployment { status environment { current { version } deployments { totalCount } } }'
  const data = await slipway.as().query(
    `mutation ($ask: CreateDeploymentInput!, $tell: UpdateDeploymentStatusInput!) {
      createDeployment(input: $ask) { ${selection} }
      updateDeploymentStatus(input: $tell) { created ${selection} }
    }`,
    { ask: input, tell: { ...input, status: 'SUCCESS' } },
  )
  expect(data).toEqual({
    createDeployment: {
      deployment: { status: 'PENDING', environment: { current: null, deployments: { totalCount: 1 } } },
    },
    updateDeploymentStatus: {
      created: false,
      deployment: {
        status: 'SUCCESS',
        environment: { current: { version: 'v1-rc1' }, deployments: { totalCount: 1 } },
      },
    },
  })
})
