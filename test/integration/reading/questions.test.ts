import { beforeAll, describe, expect, test, vi } from 'vitest'
import { createProject, type RestCandidate, type SeededEnvironment, type SeededProject } from '../../support/seed.js'
import { useSlipway } from '../../support/slipway.js'
import { testToken } from '../../support/token.js'

const slipway = useSlipway()

let project: SeededProject
let staging: SeededEnvironment
let production: SeededEnvironment
const candidates: Record<string, RestCandidate> = {}

/** v1 runs in production and v2 in staging; v2's second candidate failed there and its third one is on its way. */
beforeAll(async () => {
  project = await createProject(slipway)
  production = await project.createEnvironment('production', 'PRODUCTION')
  staging = await project.createEnvironment('staging', 'STAGING')
  await project.createEnvironment('canary', 'PRODUCTION')
  for (const version of ['v1-rc1', 'v2-rc1', 'v2-rc2', 'v2-rc3']) candidates[version] = await project.cut(version)
  for (const environment of [staging, production]) await environment.report('v1-rc1', 'success')
  await staging.report('v2-rc1', 'success')
  await staging.report('v2-rc2', 'failure')
  await slipway.as({ subject: 'ann' }).rest('POST', pathOf('staging'), { release_candidate_version: 'v2-rc3' })
})

const pathOf = (environment: string) => `/api/releases/${project.name}/environments/${environment}/deployments`

interface Statements<Answer> {
  readonly answer: Answer
  readonly count: number
}

/** What an action makes of it, and the SQL statements that were run for it. */
async function counting<Answer>(act: () => Promise<Answer>): Promise<Statements<Answer>> {
  const { pool, queryPool } = slipway.database
  // Outside of transactions each statement takes a connection of its own out of a pool.
  const spies = [vi.spyOn(pool, 'connect'), vi.spyOn(queryPool, 'connect')]
  try {
    const answer = await act()
    return { answer, count: spies.reduce((sum, { mock }) => sum + mock.calls.length, 0) }
  } finally {
    for (const spy of spies) spy.mockRestore()
  }
}

const TYPES = { candidate: 'String', since: 'DateTime', until: 'DateTime', sha: 'String!' }

/** Asks something of the project. */
async function ask<Data>(selection: string, variables: { [Name in keyof typeof TYPES]?: string | undefined } = {}) {
  const declared = (Object.keys(variables) as (keyof typeof TYPES)[]).map(name => `$${name}: ${TYPES[name]}`)
  const query = `query (${['$name: String!', ...declared].join(', ')}) { project(name: $name) { ${selection} } }`
  const data = await slipway.as().query<{ project: Data }>(query, { name: project.name, ...variables })
  return data.project
}

describe('the questions of dashboards', () => {
  test('what runs where, and what is on its way', async () => {
    const board = await slipway.as({ projects: [project.name] }).query(`{
      projects(first: 10) { nodes { name environments {
        name
        currentDeployment { status candidate { version } }
        activeDeployments(first: 5) { totalCount nodes { status actor candidate { version } } }
      } } }
    }`)
    const running = (version: string) => ({ status: 'SUCCESS', candidate: { version } })
    const nothing = { totalCount: 0, nodes: [] }
    const underWay = { status: 'PENDING', actor: 'ann', candidate: { version: 'v2-rc3' } }
    expect(board).toEqual({
      projects: {
        nodes: [
          {
            name: project.name,
            environments: [
              {
                name: 'staging',
                currentDeployment: running('v2-rc1'),
                activeDeployments: { totalCount: 1, nodes: [underWay] },
              },
              { name: 'production', currentDeployment: running('v1-rc1'), activeDeployments: nothing },
              { name: 'canary', currentDeployment: null, activeDeployments: nothing },
            ],
          },
        ],
      },
    })
  })

  test('the environments of some tiers', async () => {
    const data = await ask(
      'one: environments(tier: PRODUCTION) { name } two: environments(tier: [STAGING, PRODUCTION]) { name } none: environments(tier: []) { name }',
    )
    const names = (...names: string[]) => names.map(name => ({ name }))
    expect(data).toEqual({
      one: names('production', 'canary'),
      two: names('staging', 'production', 'canary'),
      none: [],
    })
  })

  test.each([
    ['status: [FAILURE, PENDING, FAILURE]', {}, [4, 3]],
    ['actor: "ann"', {}, [4]],
    ['actor: "tester", status: SUCCESS', {}, [2, 1]],
    ['candidate: $candidate', { candidate: 'v2-rc1' }, [2]],
    ['candidate: $candidate', { candidate: 'v9-rc1' }, []],
    ['since: $since', { since: '2026-01-01T00:00:00Z' }, [4, 3, 2, 1]],
    ['until: $until', { until: '2026-01-01T00:00:00Z' }, []],
    ['status: []', {}, []],
    ['status: null, actor: null, candidate: null, since: null, until: null, offset: null', {}, [4, 3, 2, 1]],
  ])('a history with %s', async (filter, variables, numbers) => {
    const data = await ask<{ environment: { deployments: { totalCount: number; nodes: { number: number }[] } } }>(
      `environment(name: "staging") { deployments(${filter}) { totalCount nodes { number } } }`,
      variables,
    )
    const { totalCount, nodes } = data.environment.deployments
    expect(nodes.map(({ number }) => number)).toEqual(numbers)
    expect(totalCount).toBe(numbers.length)
  })

  test('a history of a range of time, page by page in the order of creation, also of what was reported late', async () => {
    const late = await createProject(slipway)
    const environment = await late.createEnvironment('production')
    await late.cut('v1-rc1')
    const days = [3, 1, 4, 1, 5, 2]
    for (const day of days) {
      await environment.report('v1-rc1', 'success', { occurred_at: `2026-03-0${day}T00:00:00Z` })
      // What has ended stays: the next report is of another run.
      await environment.report('v1-rc1', 'in_progress', { occurred_at: `2026-03-0${day}T00:00:01Z` })
    }
    const page = `query ($name: String!, $after: String, $status: [DeploymentStatus!]) { project(name: $name) { environment(name: "production") {
      deployments(first: 2, after: $after, since: "2026-03-02T00:00:00Z", until: "2026-03-05T00:00:00Z", status: $status) {
        totalCount pageInfo { hasNextPage endCursor } nodes { number createdAt }
      } } } }`
    interface Answer {
      project: {
        environment: {
          deployments: {
            totalCount: number
            pageInfo: { hasNextPage: boolean; endCursor: string }
            nodes: { number: number; createdAt: string }[]
          }
        }
      }
    }
    for (const status of [null, ['SUCCESS', 'IN_PROGRESS']]) {
      const seen: { number: number; createdAt: string }[] = []
      for (let after: string | null = null, more = true; more; ) {
        const data: Answer = await slipway.as().query<Answer>(page, { name: late.name, after, status })
        const { nodes, pageInfo, totalCount } = data.project.environment.deployments
        seen.push(...nodes)
        after = pageInfo.endCursor
        more = pageInfo.hasNextPage
        if (!more) expect(seen).toHaveLength(totalCount)
      }
      expect(seen.length).toBeGreaterThan(2)
      expect(new Set(seen.map(({ number }) => number)).size).toBe(seen.length)
      const times = seen.map(({ createdAt }) => createdAt)
      expect(times).toEqual([...times].sort().reverse())
      expect(times.every(time => time >= '2026-03-02' && time < '2026-03-05')).toBe(true)
    }
  })

  test('an offset goes with nothing else', async () => {
    for (const filter of [
      'actor: "x"',
      'candidate: "v1-rc1"',
      'since: "2026-01-01T00:00:00Z"',
      'status: SUCCESS',
      'after: "Mg"',
    ]) {
      const { status, errors } = await slipway
        .as()
        .graphql(
          `query ($name: String!) { project(name: $name) { environment(name: "staging") { deployments(offset: 1, ${filter}) { totalCount } } } }`,
          { name: project.name },
        )
      expect(errors).toMatchObject([
        {
          message: 'Invalid offset',
          path: ['project', 'environment', 'deployments'],
          extensions: { code: 'BAD_USER_INPUT' },
        },
      ])
      expect(status).toBe(200)
    }
  })

  test('a release’s way through the environments', async () => {
    const data = await ask(
      'release(version: "v2") { stages { environment { name } isCurrent latest { status candidate { version } } } }',
    )
    expect(data).toEqual({
      release: {
        stages: [
          {
            environment: { name: 'staging' },
            isCurrent: true,
            latest: { status: 'PENDING', candidate: { version: 'v2-rc3' } },
          },
          { environment: { name: 'production' }, isCurrent: false, latest: null },
          { environment: { name: 'canary' }, isCurrent: false, latest: null },
        ],
      },
    })
  })

  test('where a commit is', async () => {
    const where =
      'commit(sha: $sha) { sha candidates { version } stages { environment { name } isCurrent latest { status } } }'
    const sha = candidates['v1-rc1']?.commit ?? ''
    const known = {
      commit: {
        sha,
        candidates: [{ version: 'v1-rc1' }],
        stages: [
          { environment: { name: 'staging' }, isCurrent: false, latest: { status: 'SUCCESS' } },
          { environment: { name: 'production' }, isCurrent: true, latest: { status: 'SUCCESS' } },
        ],
      },
    }
    expect(await ask(where, { sha })).toEqual(known)
    expect(await ask(where, { sha: sha.slice(0, 7).toUpperCase() })).toEqual(known)
    expect(await ask(where, { sha: candidates['v2-rc2']?.commit })).toMatchObject({ commit: { stages: [] } })
    expect(await ask(where, { sha: '0'.repeat(40) })).toEqual({ commit: null })
    const { errors } = await slipway
      .as()
      .graphql('query ($name: String!) { project(name: $name) { commit(sha: "main") { sha } } }', {
        name: project.name,
      })
    expect(errors).toMatchObject([{ message: 'Invalid commit hash', path: ['project', 'commit'] }])
  })

  test('two commits that begin alike are told apart', async () => {
    const first = candidates['v1-rc1']?.commit ?? ''
    const twin = `${first.slice(0, 39)}${first.endsWith('0') ? '1' : '0'}`
    await slipway.database.$executeRaw`
      INSERT INTO release_candidates (id, project_id, release_id, number, commit, status, actor, created_at)
      SELECT gen_random_uuid(), project_id, release_id, 99, ${twin}, 'READY', 'tester', now()
      FROM release_candidates WHERE commit = ${first}`
    const where = 'commit(sha: $sha) { sha }'
    expect(await ask(where, { sha: first })).toEqual({ commit: { sha: first } })
    expect(await ask(where, { sha: twin })).toEqual({ commit: { sha: twin } })
    expect(await ask(where, { sha: first.slice(0, 12) })).toEqual({ commit: null })
  })
})

describe('a query is one statement', () => {
  const EVERYTHING = `
    fragment D on Deployment {
      id number status actor errorMessage externalUrl createdAt startedAt finishedAt
      statusHistory { status actor at recordedAt message }
      tracking { source observedAt nextCheckAt runner externalId attempt deadline attempts { at request outcome message } }
    }
    fragment C on ReleaseCandidate {
      id version number commit status actor createdAt
      release { id version commit createdAt project { id name } }
      build { errorMessage externalUrl createdAt startedAt finishedAt tracking { source observedAt attempts { at } } }
      deployments(first: 1) { totalCount edges { cursor node { ...D environment { name } } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } }
    }
    query ($name: String!) {
      viewer { subject role projects }
      project(name: $name) {
        id name repository repositoryHost createdAt buildWorkflow { timeoutMinutes parameters { name } }
        environments {
          id name tier current { ...C } project { name } deployWorkflow { webhook { url } }
          currentDeployment { ...D }
          activeDeployments(first: 2) { nodes { ...D candidate { ...C } } }
          deployments(first: 4) { totalCount nodes { ...D candidate { ...C } previous { version } } }
        }
        releases(first: 2) { totalCount nodes { id candidates { ...C } stages { isCurrent environment { name } latest { ...D } } } }
      }
      projects(first: 2) { totalCount nodes { name environments { name currentDeployment { candidate { ...C } } } } }
    }`

  test('whatever it asks for, and however much there is', async () => {
    const { name } = project
    const small = await createProject(slipway)
    // Beside it, the sizes of lists are measured once a minute, and corrected by the first query that meets a longer one.
    await slipway.as().query(EVERYTHING, { name })
    for (const asked of [name, small.name]) {
      const { answer, count } = await counting(() => slipway.as().query(EVERYTHING, { name: asked }))
      expect(answer).toMatchObject({ viewer: { subject: 'tester', role: 'ADMIN' }, project: { name: asked } })
      // Beside it, revoked tokens are asked for once a second.
      expect(count).toBeLessThanOrEqual(2)
    }
    const counts: number[] = []
    for (let round = 0; round < 5; round++) {
      counts.push((await counting(() => slipway.as().query(EVERYTHING, { name }))).count)
    }
    expect(Math.min(...counts)).toBe(1)
    const ofNothing: number[] = []
    for (let round = 0; round < 3; round++) {
      ofNothing.push(
        (await counting(() => slipway.as().query('{ viewer { role } __schema { queryType { name } } }'))).count,
      )
    }
    expect(Math.min(...ofNothing)).toBe(0)
  })

  test('which answers with everything in its place', async () => {
    const data = await slipway
      .as()
      .query<{ project: { environments: { name: string; deployments: { nodes: object[] } }[] } }>(EVERYTHING, {
        name: project.name,
      })
    const [stagingAnswer] = data.project.environments
    expect(stagingAnswer).toMatchObject({
      name: 'staging',
      project: { name: project.name },
      current: { version: 'v2-rc1', release: { version: 'v2', project: { name: project.name } }, build: null },
      deployments: {
        totalCount: 4,
        nodes: [
          {
            number: 4,
            status: 'PENDING',
            finishedAt: null,
            candidate: { version: 'v2-rc3', deployments: { totalCount: 1 } },
            previous: { version: 'v2-rc1' },
            statusHistory: [{ status: 'PENDING', actor: 'ann' }],
            tracking: { source: 'REQUEST', runner: null, attempts: [] },
          },
          { number: 3, status: 'FAILURE', tracking: { source: 'REPORT' } },
          { number: 2, status: 'SUCCESS', previous: { version: 'v1-rc1' } },
          {
            number: 1,
            status: 'SUCCESS',
            previous: null,
            createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
          },
        ],
      },
    })
  })

  test('of more columns than a function may have parameters', async () => {
    const parts = ['candidate', 'previous'].map(part => `${part} { ...C }`).join(' ')
    const data = await slipway
      .as()
      .query<{ project: { environment: { deployments: { nodes: Record<string, unknown>[] } } } }>(
        `query ($name: String!) { project(name: $name) { environment(name: "staging") { deployments(first: 2) { nodes {
        number createdAt startedAt finishedAt ${parts} environment { ...E project { ...P } }
      } } } } }
      fragment P on Project { id name repository createdAt buildWorkflow { timeoutMinutes } release(version: "v1") { ...R } b: candidate(version: "v2-rc1") { ...C } c: candidate(version: "v2-rc2") { ...C } d: candidate(version: "v2-rc3") { ...C } e: candidate(version: "v1-rc1") { ...C } }
      fragment R on Release { id version commit createdAt }
      fragment C on ReleaseCandidate { id version number commit status actor createdAt release { ...R } build { errorMessage externalUrl createdAt startedAt finishedAt tracking { source observedAt nextCheckAt runner externalId attempt deadline } } }
      fragment E on Environment { id name tier current { ...C } currentDeployment { id number status actor createdAt finishedAt } }`,
        { name: project.name },
      )
    const [first, second] = data.project.environment.deployments.nodes
    expect(first).toMatchObject({
      number: 4,
      candidate: { version: 'v2-rc3' },
      environment: { project: { e: { version: 'v1-rc1' } } },
    })
    expect(second).toMatchObject({
      number: 3,
      candidate: { version: 'v2-rc2' },
      previous: { version: 'v2-rc1', build: null },
    })
  })
})

describe('GraphQL as its specification has it', () => {
  const query = (text: string, variables: object = {}) =>
    slipway.as().graphql<Record<string, unknown>>(text, { name: project.name, ...variables })

  test('fields that are asked for twice are merged, in the order in which they were first asked for', async () => {
    const { data } = await query(
      `query ($name: String!) {
        __typename
        project(name: $name) { ...A environments(tier: STAGING) { name } repository ... on Project { name } }
        project(name: $name) { environments(tier: STAGING) { tier __typename } }
      }
      fragment A on Node { kind: __typename ... on Project { name } ... on Environment { tier } }`,
    )
    expect(JSON.stringify(data)).toBe(
      `{"__typename":"Query","project":{"kind":"Project","name":"${project.name}","environments":[{"name":"staging","tier":"STAGING","__typename":"Environment"}],"repository":"acme/${project.name}"}}`,
    )
  })

  test('aliases may be any name, also one that JavaScript has its own ideas of', async () => {
    const { data } = await query(
      'query ($name: String!) { project(name: $name) { __proto__: name constructor: name toString: name } }',
    )
    expect(JSON.stringify(data)).toBe(
      `{"project":{"__proto__":"${project.name}","constructor":"${project.name}","toString":"${project.name}"}}`,
    )
  })

  test('what is skipped is not there', async () => {
    const text =
      'query ($name: String!, $yes: Boolean = true) { project(name: $name) { a: name @skip(if: $yes) b: name @include(if: $yes) ... @skip(if: $yes) { c: name } ...F @include(if: false) } } fragment F on Project { d: name }'
    expect((await query(text)).data).toEqual({ project: { b: project.name } })
    expect((await query(text, { yes: false })).data).toEqual({ project: { a: project.name, c: project.name } })
  })

  test('pages may be empty, and lists counted without being read', async () => {
    const text =
      'query ($name: String!) { project(name: $name) { none: releases(first: 0) { totalCount nodes { version } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } counted: releases { totalCount __typename } } }'
    const pageInfo = { hasNextPage: true, hasPreviousPage: false, startCursor: null, endCursor: null }
    expect((await query(text)).data).toEqual({
      project: {
        none: { totalCount: 2, nodes: [], pageInfo },
        counted: { totalCount: 2, __typename: 'ReleaseConnection' },
      },
    })
  })

  test('the schema can be asked for beside data', async () => {
    const { data } = await query(
      'query ($name: String!, $type: String!) { before: viewer { role } __type(name: $type) { fields { name } } project(name: $name) { name } __schema { queryType { name } } }',
      { type: 'PageInfo' },
    )
    expect(Object.keys(data)).toEqual(['before', '__type', 'project', '__schema'])
    expect(data).toMatchObject({
      __type: { fields: [{ name: 'hasNextPage' }, {}, {}, {}] },
      project: { name: project.name },
    })
  })

  test('one of several operations is chosen by its name, and a name that is none is told', async () => {
    const text = 'query A { viewer { subject } } query B { viewer { role } }'
    const post = async (operationName: string | null) => {
      const response = await fetch(`${slipway.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${testToken()}` },
        body: JSON.stringify({ query: text, operationName }),
      })
      return { status: response.status, body: await response.json() }
    }
    expect((await post('B')).body).toMatchObject({ data: { viewer: { role: 'ADMIN' } } })
    expect(await post('C')).toMatchObject({
      status: 400,
      body: { errors: [{ message: 'Unknown operation named "C".' }] },
    })
    expect(await post(null)).toMatchObject({ status: 400 })
  })

  test('values that do not fit their variables are all named', async () => {
    const { status, errors, data } = await slipway
      .as()
      .graphql(
        'query ($name: String!, $first: Int) { project(name: $name) { releases(first: $first) { totalCount } } }',
        { first: 'x' },
      )
    expect(status).toBe(400)
    expect(data).toBeUndefined()
    expect(errors).toMatchObject([
      { message: expect.stringContaining('$name'), extensions: { code: 'BAD_USER_INPUT' } },
      { message: expect.stringContaining('$first'), extensions: { code: 'BAD_USER_INPUT' } },
    ])
  })

  test('a mutation that fails ends the operation, and what was done before it stays', async () => {
    const [one, two] = [`${project.name}-one`, `${project.name}-two`]
    const create = (key: string, name: string) =>
      `${key}: createProject(input: { name: "${name}", repository: "acme/x" }) { project { name } }`
    const { data, errors } = await query(`mutation { ${create('a', one)} ${create('b', one)} ${create('c', two)} }`)
    expect(data).toBeNull()
    expect(errors).toMatchObject([{ path: ['b'], extensions: { reason: 'PROJECT_EXISTS' } }])
    expect(
      (await query(`{ one: project(name: "${one}") { name } two: project(name: "${two}") { name } }`)).data,
    ).toEqual({
      one: { name: one },
      two: null,
    })
  })
})
