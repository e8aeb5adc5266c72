import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { createPace } from '../../../src/modules/tracking/pace.js'
import {
  type Fate,
  type Interference,
  type StandInBuild,
  signatureOf,
  startBuildkiteStandIn,
} from '../../support/buildkite-stand-in.js'
import { createGate } from '../../support/gate.js'
import { createProject } from '../../support/seed.js'
import { BUILDKITE_WEBHOOK_TOKEN, unique, useSlipway } from '../../support/slipway.js'
import { letTimePass, settled } from '../../support/time-travel.js'

const buildkite = await startBuildkiteStandIn()
const slipway = useSlipway({ buildkiteApiUrl: buildkite.url, worker: true, pace: createPace(300) })
const MINUTE_MS = 60_000
/** So long Buildkite asks to be left alone; each test waits for less, and then for more. */
const HALF_AN_HOUR = '1800'

/** By pipeline; each test has one of its own, so that none disturbs another. */
const interferences = new Map<string, Interference>()
const fates = new Map<string, (name: string) => Fate>()
buildkite.interfere = (request, answer) => interferences.get(request.pipeline)?.(request, answer)
buildkite.fate = ({ name, build }) => fates.get(pipelineOf(build))?.(name) ?? 'send'
const pipelineOf = (build: StandInBuild) => build.web_url.split('/')[4] ?? ''

/** All that Slipway answered to anybody, and the answers that held what nobody may see. */
let answered = 0
const leaks: string[] = []

beforeAll(() => {
  const realFetch = globalThis.fetch
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (input, init) => {
    const response = await realFetch(input, init)
    if (!String(input).startsWith(slipway.url)) return response
    const shown = `${await response.clone().text()} ${JSON.stringify([...response.headers])}`
    answered++
    if (shown.includes('bkua_') || shown.includes(BUILDKITE_WEBHOOK_TOKEN)) leaks.push(shown)
    return response
  })
  buildkite.subscribe(slipway.url, BUILDKITE_WEBHOOK_TOKEN)
})
afterEach(() => {
  expect(answered).toBeGreaterThan(0)
  expect(leaks).toEqual([])
})
afterAll(async () => {
  vi.restoreAllMocks()
  await buildkite.stop()
})

const WORKFLOW = 'buildkite { organization pipeline branch } parameters { name value } timeoutMinutes'
const CREATE = `mutation ($input: CreateEnvironmentInput!) {
  createEnvironment(input: $input) { environment { id deployWorkflow { ${WORKFLOW} } } }
}`
const UPDATE = `mutation ($input: UpdateEnvironmentInput!) {
  updateEnvironment(input: $input) { environment { id deployWorkflow { ${WORKFLOW} } } }
}`

interface Shown {
  readonly status: string
  readonly errorMessage: string | null
  readonly externalUrl: string | null
  readonly statusHistory: readonly { readonly status: string; readonly actor: string }[]
  readonly tracking: Readonly<Record<string, unknown>>
}

interface SeedOptions {
  readonly organization?: string
  readonly branch?: string
  readonly interfere?: Interference
  readonly fate?: (name: string) => Fate
}

/** An environment that a pipeline of its own deploys to, and a candidate to deploy. */
async function seed({ organization = 'acme', branch, interfere, fate }: SeedOptions = {}) {
  const pipeline = unique('deploy')
  buildkite.pipelines.set(`${organization}/${pipeline}`, 'trunk')
  if (interfere !== undefined) interferences.set(pipeline, interfere)
  if (fate !== undefined) fates.set(pipeline, fate)
  const project = await createProject(slipway)
  const deployWorkflow = { buildkite: { organization, pipeline, ...(branch !== undefined && { branch }) } }
  const input = { project: project.name, name: 'production', tier: 'PRODUCTION', deployWorkflow }
  await slipway.as().query(CREATE, { input })
  // git takes one commit at a time.
  const cut = lastCut.then(() => project.cut('v1.0.0-rc1'))
  lastCut = cut.catch(() => undefined)
  const { commit } = await cut
  return { project, pipeline, organization, commit }
}

let lastCut: Promise<unknown> = Promise.resolve()

type Target = Awaited<ReturnType<typeof seed>>

async function deploy({ project }: Pick<Target, 'project'>): Promise<string> {
  const path = `/api/releases/${project.name}/environments/production/deployments`
  const { status, body } = await slipway
    .as({ subject: 'ci', role: 'deployer' })
    .rest<{ id: string; status: string }>('POST', path, { release_candidate_version: 'v1.0.0-rc1' })
  expect({ status, deployment: body.status }).toEqual({ status: 201, deployment: 'pending' })
  return body.id
}

async function show(id: string): Promise<Shown> {
  const { node } = await slipway.as({ role: 'viewer' }).query<{ node: Shown }>(
    `query ($id: ID!) { node(id: $id) { ... on Deployment {
      status errorMessage externalUrl statusHistory { status actor }
      tracking { source runner externalId attempt nextCheckAt attempts { request outcome message } }
    } } }`,
    { id },
  )
  return node
}

const statusOf = async (id: string) => (await show(id)).status
const historyOf = async (id: string) => (await show(id)).statusHistory.map(({ status }) => status)
const becomes = (id: string, status: string) => expect.poll(() => statusOf(id)).toBe(status)
const buildsOf = ({ pipeline }: Target) => buildkite.builds.filter(build => pipelineOf(build) === pipeline)
const asked = ({ pipeline }: Target, method: string, path: RegExp) =>
  buildkite.requests.filter(
    request => request.pipeline === pipeline && request.method === method && path.test(request.path),
  )
const dispatches = (target: Target) => asked(target, 'POST', /^\/builds$/)

/** The build of the pipeline's only deployment, once Slipway knows it. */
async function buildOf(target: Target, id: string): Promise<StandInBuild> {
  await expect.poll(async () => (await show(id)).tracking['externalId']).not.toBeNull()
  const [build] = buildsOf(target)
  if (build === undefined) throw new Error('There is no build')
  expect((await show(id)).tracking['externalId']).toBe(String(build.number))
  return build
}

/** What came of the tries to start or stop its run. */
async function outcomesOf(id: string): Promise<string[]> {
  const attempts = (await show(id)).tracking['attempts'] as readonly { readonly outcome: string }[]
  return attempts.map(({ outcome }) => outcome)
}
const attempted = (id: string, outcomes: string[]) => expect.poll(() => outcomesOf(id)).toEqual(outcomes)

/** Lets time pass, and everything be done that is due by then. */
async function pass(minutes: number): Promise<void> {
  await letTimePass(slipway.databaseUrl, minutes * MINUTE_MS)
  await settled(slipway.databaseUrl)
}

/** Buildkite does not answer how builds are: what is known of them is known from events. */
const deaf: Interference = ({ method, path }) =>
  method === 'GET' && /^\/builds\/\d+$/.test(path) ? { status: 503, body: { message: 'Unavailable' } } : undefined

const cancel = (id: string) =>
  slipway
    .as({ subject: 'ann', role: 'deployer' })
    .query<{ cancelDeployment: { deployment: { status: string } } }>(
      'mutation ($input: DeploymentInput!) { cancelDeployment(input: $input) { deployment { status } } }',
      { input: { deployment: id } },
    )

describe('the workflow of an environment', () => {
  const parameters = [
    { name: 'AVIATOR_DEPLOYMENT_ID', value: '${deployment.id}' },
    { name: 'AVIATOR_RELEASE_CUT_COMMIT_HASH', value: '${candidate.commit}' },
    { name: 'AVIATOR_RELEASE_CANDIDATE_VERSION', value: '${candidate.version}' },
  ]
  const readBack = async (id: string) =>
    (
      await slipway
        .as()
        .query<{ node: { deployWorkflow: object | null } }>(
          `query ($id: ID!) { node(id: $id) { ... on Environment { deployWorkflow { ${WORKFLOW} } } } }`,
          { id },
        )
    ).node.deployWorkflow

  test('is a pipeline that it is created with, and another one after an update', async () => {
    const { name: project } = await createProject(slipway)
    const chosen = { buildkite: { organization: 'acme', pipeline: 'deploy' } }
    const input = { project, name: 'production', tier: 'PRODUCTION', deployWorkflow: chosen }
    type Created = { createEnvironment: { environment: { id: string; deployWorkflow: object } } }
    const { environment } = (await slipway.as().query<Created>(CREATE, { input })).createEnvironment
    const expected = { buildkite: { ...chosen.buildkite, branch: null }, parameters, timeoutMinutes: 60 }
    expect(environment.deployWorkflow).toEqual(expected)
    expect(await readBack(environment.id)).toEqual(expected)

    const update = async (deployWorkflow: object | null) => {
      await slipway.as().query(UPDATE, { input: { project, environment: 'production', deployWorkflow } })
      return readBack(environment.id)
    }
    const other = { organization: 'umbrella', pipeline: 'ship-it', branch: 'release/1' }
    const own = [{ name: 'VERSION', value: 'v-${release.version}' }]
    expect(await update({ buildkite: other, parameters: own, timeoutMinutes: 5 })).toEqual({
      buildkite: other,
      parameters: own,
      timeoutMinutes: 5,
    })
    expect(await update(null)).toBeNull()
  })

  test.each([
    [{ organization: 'acme/..', pipeline: 'deploy' }, 'Invalid workflow: organization "acme/.."'],
    [{ organization: 'acme', pipeline: '' }, 'Invalid workflow: pipeline ""'],
    [{ organization: 'acme', pipeline: 'deploy', branch: 'a b' }, 'Invalid workflow: branch "a b"'],
  ])('is refused: %j', async (chosen, message) => {
    const { name: project } = await createProject(slipway)
    const input = { project, name: 'production', tier: 'PRODUCTION', deployWorkflow: { buildkite: chosen } }
    const { errors } = await slipway.as().graphql(CREATE, { input })
    expect(errors[0]).toMatchObject({ message, extensions: { code: 'BAD_USER_INPUT' } })
  })
})

describe('a deployment', () => {
  test('starts a build of the default branch with the documented variables, and is moved by its events', async () => {
    const target = await seed({ interfere: deaf })
    const id = await deploy(target)
    const build = await buildOf(target, id)
    expect(build).toMatchObject({
      commit: target.commit,
      branch: 'trunk',
      message: `Deploy ${target.project.name} v1.0.0-rc1 to production`,
      env: {
        AVIATOR_DEPLOYMENT_ID: id,
        AVIATOR_RELEASE_CUT_COMMIT_HASH: target.commit,
        AVIATOR_RELEASE_CANDIDATE_VERSION: 'v1.0.0-rc1',
      },
      meta_data: { 'slipway-run': expect.stringMatching(/^[0-9a-f-]{36}$/) },
    })
    expect(await show(id)).toMatchObject({ status: 'PENDING', externalUrl: build.web_url })
    buildkite.run(build)
    await becomes(id, 'IN_PROGRESS')
    buildkite.finish(build, 'passed')
    await becomes(id, 'SUCCESS')
    expect(await show(id)).toMatchObject({
      errorMessage: null,
      externalUrl: build.web_url,
      statusHistory: [
        { status: 'PENDING', actor: 'ci' },
        { status: 'IN_PROGRESS', actor: 'Buildkite' },
        { status: 'SUCCESS', actor: 'Buildkite' },
      ],
      tracking: {
        source: 'EVENT',
        runner: 'BUILDKITE',
        attempt: 1,
        nextCheckAt: null,
        attempts: [{ request: 'dispatch', outcome: 'accepted', message: null }],
      },
    })
    expect(dispatches(target)).toHaveLength(1)
  })

  test('builds the branch that is configured, without asking for another', async () => {
    const target = await seed({ branch: 'release/1' })
    const build = await buildOf(target, await deploy(target))
    expect(build.branch).toBe('release/1')
    expect(asked(target, 'GET', /^$/)).toEqual([])
  })

  test('whose build waits at a block step has not ended', async () => {
    const target = await seed()
    const id = await deploy(target)
    const build = await buildOf(target, id)
    buildkite.run(build)
    await becomes(id, 'IN_PROGRESS')
    const before = asked(target, 'GET', /^\/builds\/\d+$/).length
    buildkite.block(build)
    // Nor does it seem so when it is asked about.
    await expect.poll(() => asked(target, 'GET', /^\/builds\/\d+$/).length).toBeGreaterThan(before + 1)
    const told = ['build.scheduled', 'build.running', 'build.finished']
    expect(buildkite.deliveries.filter(({ number }) => number === build.number).map(({ name }) => name)).toEqual(told)
    expect(await show(id)).toMatchObject({ status: 'IN_PROGRESS', errorMessage: null })
    buildkite.run(build)
    buildkite.finish(build, 'passed')
    await becomes(id, 'SUCCESS')
    expect(await historyOf(id)).toEqual(['PENDING', 'IN_PROGRESS', 'SUCCESS'])
  })

  test('fails with its build, and succeeds after all when a job is retried', async () => {
    const target = await seed({ interfere: deaf })
    const id = await deploy(target)
    const build = await buildOf(target, id)
    buildkite.run(build)
    buildkite.finish(build, 'failed')
    await becomes(id, 'FAILURE')
    expect(await show(id)).toMatchObject({ errorMessage: 'The build failed on Buildkite' })
    buildkite.run(build)
    buildkite.finish(build, 'passed')
    await becomes(id, 'SUCCESS')
    expect((await show(id)).errorMessage).toBeNull()
  })

  test.each([
    ['skipped', 'Buildkite skipped the build'],
    ['not_run', 'Buildkite did not run the build'],
  ] as const)('whose build is %s could not be run', async (state, message) => {
    const target = await seed()
    const id = await deploy(target)
    buildkite.finish(await buildOf(target, id), state)
    await becomes(id, 'ERROR')
    expect((await show(id)).errorMessage).toBe(message)
  })

  test('is followed without any event, and asking when nothing has changed costs nothing', async () => {
    const target = await seed({ fate: () => 'drop' })
    const answers: number[] = []
    interferences.set(target.pipeline, ({ method, path }, answer) => {
      const given = answer()
      if (method === 'GET' && /^\/builds\/\d+$/.test(path)) answers.push(given.status)
      return given
    })
    const id = await deploy(target)
    const build = await buildOf(target, id)
    buildkite.run(build)
    await becomes(id, 'IN_PROGRESS')
    await expect.poll(() => answers).toContain(304)
    buildkite.finish(build, 'failed')
    await becomes(id, 'FAILURE')
    expect(await show(id)).toMatchObject({
      errorMessage: 'The build failed on Buildkite',
      tracking: { source: 'CHECK', nextCheckAt: null },
    })
    expect(buildkite.deliveries.filter(({ number }) => number === build.number)).toEqual([])
  })

  test('of which Buildkite knows nothing any more ends as ERROR', async () => {
    const target = await seed()
    const id = await deploy(target)
    const build = await buildOf(target, id)
    buildkite.run(build)
    await becomes(id, 'IN_PROGRESS')
    buildkite.forget(build)
    await becomes(id, 'ERROR')
    expect((await show(id)).errorMessage).toBe('Buildkite does not know the run any more')
  })

  test('of a pipeline that is not there ends as ERROR with Buildkite’s words', async () => {
    const target = await seed()
    buildkite.pipelines.delete(`acme/${target.pipeline}`)
    const id = await deploy(target)
    await becomes(id, 'ERROR')
    expect(await show(id)).toMatchObject({
      errorMessage: 'Buildkite: No pipeline found',
      tracking: { attempts: [{ request: 'dispatch', outcome: 'refused' }] },
    })
  })
})

describe('a dispatch', () => {
  test.each([
    [{ 'retry-after': HALF_AN_HOUR }],
    [{ 'ratelimit-remaining': '0', 'ratelimit-limit': '200', 'ratelimit-reset': HALF_AN_HOUR }],
  ])('waits as long as a rate limit says and is not done twice: %j', async headers => {
    const target = await seed({ organization: unique('org') })
    interferences.set(target.pipeline, ({ method }) =>
      method === 'POST' && dispatches(target).length === 1
        ? { status: 429, body: { message: 'You have exceeded your API rate limit.' }, headers }
        : undefined,
    )
    const id = await deploy(target)
    await attempted(id, ['later'])
    await pass(20)
    expect(dispatches(target)).toHaveLength(1)
    await pass(15)
    const build = await buildOf(target, id)
    expect(dispatches(target)).toHaveLength(2)
    expect(buildsOf(target)).toEqual([build])
    expect((await show(id)).tracking['attempts']).toEqual([
      { request: 'dispatch', outcome: 'later', message: 'Buildkite: You have exceeded your API rate limit.' },
      { request: 'dispatch', outcome: 'accepted', message: null },
    ])
  })

  test('of another pipeline waits for the limit of their organization, too', async () => {
    const organization = unique('org')
    const [one, other] = [await seed({ organization }), await seed({ organization })]
    interferences.set(one.pipeline, ({ method }) =>
      method === 'POST' && dispatches(one).length === 1
        ? { status: 429, body: { message: 'Slow down' }, headers: { 'retry-after': HALF_AN_HOUR } }
        : undefined,
    )
    const first = await deploy(one)
    await attempted(first, ['later'])
    const second = await deploy(other)
    await pass(20)
    expect(asked(other, 'GET', /^$/)).toEqual([])
    expect([...buildsOf(one), ...buildsOf(other)]).toEqual([])
    await pass(15)
    await buildOf(one, first)
    await buildOf(other, second)
    expect([...buildsOf(one), ...buildsOf(other)]).toHaveLength(2)
  })

  test('that an event overtakes is told of once, and its answer changes nothing', async () => {
    const overtaken = createGate()
    const target = await seed({
      interfere: async (request, answer) => {
        if (request.method !== 'POST') return deaf(request, answer)
        const given = answer()
        const [build] = buildsOf(target)
        if (build !== undefined) buildkite.run(build)
        await overtaken.opened
        return given
      },
    })
    const id = await deploy(target)
    await becomes(id, 'IN_PROGRESS')
    overtaken.open()
    const build = await buildOf(target, id)
    await attempted(id, ['accepted'])
    expect(await show(id)).toMatchObject({ status: 'IN_PROGRESS', externalUrl: build.web_url })
    buildkite.finish(build, 'passed')
    await becomes(id, 'SUCCESS')
    expect(await historyOf(id)).toEqual(['PENDING', 'IN_PROGRESS', 'SUCCESS'])
    expect(dispatches(target)).toHaveLength(1)
  })

  test('whose connection breaks after it was done is known by the event of its build', async () => {
    const target = await seed({
      interfere: ({ method }, answer) => {
        if (method !== 'POST') return undefined
        answer()
        return 'drop'
      },
    })
    const id = await deploy(target)
    const build = await buildOf(target, id)
    buildkite.finish(build, 'passed')
    await becomes(id, 'SUCCESS')
    expect(dispatches(target)).toHaveLength(1)
  })
})

/** Buildkite has started the build, says that it failed to, and tells nothing of it. */
const DONE_BUT_FAILED: Parameters<typeof seed>[0] = {
  fate: () => 'drop',
  interfere: ({ method }, answer) => {
    if (method !== 'POST') return undefined
    answer()
    return { status: 500, body: { message: 'Internal Server Error' } }
  },
}

describe('a dispatch of which it is not known whether it was done', () => {
  test('is found again by the run’s key, and not done twice', async () => {
    const target = await seed(DONE_BUT_FAILED)
    const id = await deploy(target)
    await attempted(id, ['unclear'])
    await pass(1)
    const build = await buildOf(target, id)
    expect(buildsOf(target)).toEqual([build])
    const [lookUp] = asked(target, 'GET', /^\/builds$/)
    expect([...(lookUp?.query ?? [])]).toEqual([['meta_data[slipway-run]', build.meta_data['slipway-run']]])
    expect(await show(id)).toMatchObject({
      externalUrl: build.web_url,
      tracking: { attempts: [{ outcome: 'unclear' }] },
    })
    buildkite.run(build)
    buildkite.finish(build, 'passed')
    await becomes(id, 'SUCCESS')
    expect(dispatches(target)).toHaveLength(1)
  })

  test.each([
    ['is answered 503', { status: 503, body: { message: 'Service Unavailable' } }],
    ['loses its connection', 'drop'],
  ] as const)('and was not, as it %s, is done once more', async (_how, given) => {
    const target = await seed({
      interfere: ({ method }) => (method === 'POST' && dispatches(target).length === 1 ? given : undefined),
    })
    const id = await deploy(target)
    await attempted(id, ['unclear'])
    await pass(1)
    const build = await buildOf(target, id)
    buildkite.finish(build, 'passed')
    await becomes(id, 'SUCCESS')
    expect(dispatches(target)).toHaveLength(2)
  })

  test('that hangs is given up, found again and not done twice', async () => {
    const late = createGate()
    const target = await seed({
      fate: () => 'drop',
      interfere: async ({ method }) => {
        if (method === 'POST') await late.opened
        return undefined
      },
    })
    const id = await deploy(target)
    await attempted(id, ['unclear'])
    expect((await show(id)).tracking['attempts']).toMatchObject([{ message: 'Buildkite did not answer in time' }])
    // Buildkite carries it out now that nobody waits for its answer any more.
    late.open()
    await expect.poll(() => buildsOf(target).length).toBe(1)
    await pass(1)
    await buildOf(target, id)
    expect([dispatches(target).length, buildsOf(target).length]).toEqual([1, 1])
  })

  test('and is canceled meanwhile is stopped when it is found', async () => {
    const target = await seed(DONE_BUT_FAILED)
    const id = await deploy(target)
    await attempted(id, ['unclear'])
    expect((await cancel(id)).cancelDeployment.deployment.status).toBe('CANCELING')
    await pass(1)
    await expect.poll(() => asked(target, 'PUT', /cancel$/).length).toBe(1)
    const [build] = buildsOf(target)
    if (build === undefined) throw new Error('There is no build')
    buildkite.finish(build, 'canceled')
    await becomes(id, 'CANCELED')
    expect(dispatches(target)).toHaveLength(1)
  })

  test('and was not, and is canceled meanwhile, is not done any more', async () => {
    const target = await seed({
      interfere: ({ method }) => (method === 'POST' && dispatches(target).length === 1 ? 'drop' : undefined),
    })
    const id = await deploy(target)
    await attempted(id, ['unclear'])
    await cancel(id)
    await pass(1)
    await becomes(id, 'CANCELED')
    expect(asked(target, 'GET', /^\/builds$/)).toHaveLength(1)
    await pass(60)
    expect(buildsOf(target)).toEqual([])
    expect(await statusOf(id)).toBe('CANCELED')
  })
})

describe('canceling', () => {
  test('has Buildkite stop the build, and has ended when it tells that it has', async () => {
    const target = await seed()
    const id = await deploy(target)
    const build = await buildOf(target, id)
    buildkite.run(build)
    await becomes(id, 'IN_PROGRESS')
    expect((await cancel(id)).cancelDeployment.deployment.status).toBe('CANCELING')
    await expect.poll(() => build.state).toBe('canceling')
    // On a slow machine it may be asked twice, by a job that began before the first answer came.
    await expect.poll(async () => (await outcomesOf(id)).length).toBeGreaterThan(1)
    await settled(slipway.databaseUrl)
    const requests = asked(target, 'PUT', /./)
    expect(new Set(requests.map(({ path }) => path))).toEqual(new Set([`/builds/${build.number}/cancel`]))
    expect(await statusOf(id)).toBe('CANCELING')
    buildkite.finish(build, 'canceled')
    await becomes(id, 'CANCELED')
    expect(await show(id)).toMatchObject({
      statusHistory: [
        { status: 'PENDING', actor: 'ci' },
        { status: 'IN_PROGRESS', actor: 'Buildkite' },
        { status: 'CANCELING', actor: 'ann' },
        { status: 'CANCELED', actor: 'Buildkite' },
      ],
      tracking: {
        attempts: [{ request: 'dispatch' }, ...requests.map(() => ({ request: 'cancel', outcome: 'accepted' }))],
      },
    })
    // Again, it changes nothing.
    expect((await cancel(id)).cancelDeployment.deployment.status).toBe('CANCELED')
    await settled(slipway.databaseUrl)
    expect(asked(target, 'PUT', /./)).toEqual(requests)
  })

  test('is tried again after a rate limit', async () => {
    const target = await seed({ organization: unique('org') })
    let isLimited = true
    interferences.set(target.pipeline, ({ method }) =>
      method === 'PUT' && isLimited
        ? { status: 429, body: { message: 'Slow down' }, headers: { 'retry-after': HALF_AN_HOUR } }
        : undefined,
    )
    const id = await deploy(target)
    const build = await buildOf(target, id)
    await cancel(id)
    await expect.poll(() => outcomesOf(id)).toContain('later')
    await settled(slipway.databaseUrl)
    const before = asked(target, 'PUT', /./).length
    await pass(20)
    expect(asked(target, 'PUT', /./)).toHaveLength(before)
    isLimited = false
    await pass(15)
    await expect.poll(() => build.state).toBe('canceling')
    buildkite.finish(build, 'canceled')
    await becomes(id, 'CANCELED')
  })

  test('what has ended meanwhile finds out how it ended', async () => {
    const target = await seed({ fate: () => 'drop', interfere: deaf })
    const id = await deploy(target)
    const build = await buildOf(target, id)
    buildkite.finish(build, 'passed')
    await cancel(id)
    await expect.poll(() => asked(target, 'PUT', /./).length).toBeGreaterThan(0)
    interferences.delete(target.pipeline)
    await becomes(id, 'SUCCESS')
    expect(await historyOf(id)).toEqual(['PENDING', 'CANCELING', 'SUCCESS'])
  })

  test('while Buildkite puts off the dispatch has nothing started', async () => {
    const target = await seed({
      organization: unique('org'),
      interfere: ({ method }) =>
        method === 'POST' && dispatches(target).length === 1
          ? { status: 429, body: { message: 'Slow down' }, headers: { 'retry-after': HALF_AN_HOUR } }
          : undefined,
    })
    const id = await deploy(target)
    await attempted(id, ['later'])
    expect((await cancel(id)).cancelDeployment.deployment.status).toBe('CANCELED')
    await pass(60)
    expect(dispatches(target)).toHaveLength(1)
  })

  test('during a dispatch that is refused for now has nothing started', async () => {
    const canceled = createGate()
    const target = await seed({
      organization: unique('org'),
      interfere: async ({ method }) => {
        if (method !== 'POST' || dispatches(target).length > 1) return undefined
        await canceled.opened
        return { status: 429, body: { message: 'Slow down' }, headers: { 'retry-after': '1' } }
      },
    })
    const id = await deploy(target)
    await expect.poll(() => dispatches(target)).toHaveLength(1)
    await cancel(id)
    canceled.open()
    await attempted(id, ['later'])
    await pass(60)
    expect(dispatches(target)).toHaveLength(1)
    expect(await statusOf(id)).toBe('CANCELED')
  })
})

describe('an event', () => {
  const answerOf = async (response: Response) => ({ status: response.status, body: await response.json() })

  test('that is not shown to be Buildkite’s is refused and changes nothing', async () => {
    const target = await seed({ interfere: deaf, fate: () => 'drop' })
    const id = await deploy(target)
    const build = await buildOf(target, id)
    const forged = buildkite.eventOf('build.finished', build, {
      state: 'passed',
      finished_at: new Date().toISOString(),
    })
    const seconds = Math.floor(Date.now() / 1_000)
    const good = signatureOf(BUILDKITE_WEBHOOK_TOKEN, forged.body, seconds)
    const faulty: Record<string, string>[] = [
      {},
      { 'x-buildkite-token': 'another token' },
      { 'x-buildkite-token': '' },
      { 'x-buildkite-signature': '' },
      { 'x-buildkite-signature': 'nonsense' },
      { 'x-buildkite-signature': signatureOf('another token', forged.body) },
      { 'x-buildkite-signature': signatureOf(BUILDKITE_WEBHOOK_TOKEN, `${forged.body} `) },
      { 'x-buildkite-signature': good.replace(`timestamp=${seconds}`, `timestamp=${seconds - 1}`) },
      { 'x-buildkite-signature': good.replace(/timestamp=\d+,/, '') },
      // Signed by Buildkite, but long ago, or ahead of its time.
      { 'x-buildkite-signature': signatureOf(BUILDKITE_WEBHOOK_TOKEN, forged.body, seconds - 301) },
      { 'x-buildkite-signature': signatureOf(BUILDKITE_WEBHOOK_TOKEN, forged.body, seconds + 330) },
      // The right token does not make up for a wrong signature.
      { 'x-buildkite-signature': signatureOf('another token', forged.body), 'x-buildkite-token': 'another token' },
    ]
    for (const headers of faulty) {
      expect(await answerOf(await buildkite.send(forged, headers))).toMatchObject({
        status: 401,
        body: { error: 'Invalid signature', code: 'INVALID_SIGNATURE' },
      })
    }
    await buildkite.send(buildkite.eventOf('build.running', build, { state: 'running' }))
    await becomes(id, 'IN_PROGRESS')
    await settled(slipway.databaseUrl)
    expect(await historyOf(id)).toEqual(['PENDING', 'IN_PROGRESS'])
  })

  test('may be shown to be Buildkite’s by its token', async () => {
    const target = await seed({ interfere: deaf, fate: () => 'drop' })
    const id = await deploy(target)
    const event = buildkite.eventOf('build.running', await buildOf(target, id), { state: 'running' })
    const answer = await answerOf(await buildkite.send(event, { 'x-buildkite-token': BUILDKITE_WEBHOOK_TOKEN }))
    expect(answer).toEqual({ status: 202, body: { status: 'accepted' } })
    await becomes(id, 'IN_PROGRESS')
  })

  test('that comes twice counts once', async () => {
    const target = await seed({ interfere: deaf, fate: () => 'drop' })
    const id = await deploy(target)
    const event = buildkite.eventOf('build.running', await buildOf(target, id), { state: 'running' })
    expect(await answerOf(await buildkite.send(event))).toEqual({ status: 202, body: { status: 'accepted' } })
    expect(await answerOf(await buildkite.send(event))).toEqual({ status: 200, body: { status: 'duplicate' } })
    await becomes(id, 'IN_PROGRESS')
    expect(await answerOf(await buildkite.send(event))).toEqual({ status: 200, body: { status: 'duplicate' } })
    expect(await historyOf(id)).toEqual(['PENDING', 'IN_PROGRESS'])
  })

  test('of a pipeline that nothing was started in is ignored', async () => {
    const build = await buildOf(...(await deployed()))
    const event = buildkite.eventOf('build.running', build)
    const body = event.body.replace(`/pipelines/${pipelineOf(build)}"},`, '/pipelines/unknown"},')
    expect(body).not.toBe(event.body)
    expect(await answerOf(await buildkite.send({ ...event, body }))).toEqual({
      status: 200,
      body: { status: 'ignored', reason: 'Nothing of acme/unknown was ever started from here' },
    })
  })

  test('of a build that was not started from here is ignored', async () => {
    const build = await buildOf(...(await deployed()))
    const event = buildkite.eventOf('build.running', build, { number: 987_654, meta_data: {} })
    expect(await answerOf(await buildkite.send(event))).toEqual({
      status: 200,
      body: { status: 'ignored', reason: `987654 of acme/${pipelineOf(build)} was not started from here` },
    })
  })

  test('of another kind is ignored, and one that is none is refused', async () => {
    const build = await buildOf(...(await deployed()))
    const job = await buildkite.send(buildkite.eventOf('job.finished', build))
    expect(await answerOf(job)).toMatchObject({ status: 200, body: { status: 'ignored' } })
    for (const body of ['{', '{}', '{"build":{"number":"1"},"pipeline":{"url":"x"}}']) {
      const answer = await answerOf(await buildkite.send({ name: 'build.running', build, body }))
      expect(answer).toMatchObject({ status: 400, body: { code: 'INVALID_INPUT' } })
    }
  })

  test('that comes out of order does not lead back', async () => {
    const target = await seed({ interfere: deaf, fate: () => 'hold' })
    const id = await deploy(target)
    const build = await buildOf(target, id)
    buildkite.run(build)
    buildkite.finish(build, 'passed')
    await buildkite.release()
    await settled(slipway.databaseUrl)
    const history = await historyOf(id)
    expect(history.at(-1)).toBe('SUCCESS')
    expect(await statusOf(id)).toBe('SUCCESS')
  })

  test('may be doubled, late or lost', async () => {
    const sent: Record<string, Fate> = { 'build.scheduled': 'hold', 'build.running': 'drop' }
    const target = await seed({ interfere: deaf, fate: name => sent[name] ?? 'double' })
    const id = await deploy(target)
    const build = await buildOf(target, id)
    buildkite.run(build)
    buildkite.finish(build, 'failed')
    await becomes(id, 'FAILURE')
    await buildkite.release()
    await expect.poll(() => buildkite.deliveries.filter(({ number }) => number === build.number)).toHaveLength(3)
    await settled(slipway.databaseUrl)
    expect(await historyOf(id)).toEqual(['PENDING', 'FAILURE'])
  })

  async function deployed(): Promise<[Target, string]> {
    const target = await seed({ fate: () => 'drop' })
    return [target, await deploy(target)]
  }
})
