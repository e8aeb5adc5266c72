import { randomBytes } from 'node:crypto'
import { describe, expect, test, vi } from 'vitest'
import { fromGlobalId } from '../../../src/core/global-id.js'
import { createPace } from '../../../src/modules/tracking/pace.js'
import type { Client } from '../../support/client.js'
import { createGate } from '../../support/gate.js'
import { createProject, type RestCandidate, type SeededEnvironment, type SeededProject } from '../../support/seed.js'
import { type Slipway, unique, useSlipway } from '../../support/slipway.js'
import { letTimePass, settled } from '../../support/time-travel.js'
import { useWebhookReceiver } from '../../support/webhook-receiver.js'

const { log } = vi.hoisted(() => ({ log: [] as string[] }))

// All that is logged, also what only a server at its most talkative would, is kept to be looked through.
vi.mock('pino', async importOriginal => {
  const original = await importOriginal<typeof import('pino')>()
  const write = (line: string) => void log.push(line)
  return { ...original, pino: () => original.pino({ level: 'trace' }, { write }) }
})

const slipway = useSlipway({ worker: true, pace: createPace(300) })
/** One that may not call private addresses. */
const guarded = useSlipway({ worker: true, pace: createPace(300), allowPrivate: false })
const receiver = useWebhookReceiver()

const COMMIT = /^[0-9a-f]{40}$/

const WORKFLOW = `{
  githubActions { workflow } buildkite { pipeline } webhook { url } parameters { name value } timeoutMinutes
}`

interface ShownWorkflow {
  readonly githubActions: unknown
  readonly buildkite: unknown
  readonly webhook: { readonly url: string } | null
  readonly parameters: readonly object[]
  readonly timeoutMinutes: number
}

interface ShownDeployment {
  readonly status: string
  readonly errorMessage: string | null
  readonly externalUrl: string | null
  readonly finishedAt: string | null
  readonly statusHistory: readonly { status: string; actor: string; message: string | null }[]
  readonly tracking: {
    readonly source: string
    readonly runner: string | null
    readonly externalId: string | null
    readonly nextCheckAt: string | null
    readonly attempts: readonly { request: string; outcome: string; message: string | null }[]
  }
}

async function setDeployWorkflow(
  project: SeededProject,
  environment: SeededEnvironment,
  deployWorkflow: object | null,
  client: Client = slipway.as(),
) {
  const answer = await client.graphql<{ updateEnvironment: { environment: { deployWorkflow: ShownWorkflow | null } } }>(
    `mutation ($input: UpdateEnvironmentInput!) {
      updateEnvironment(input: $input) { environment { deployWorkflow ${WORKFLOW} } }
    }`,
    { input: { project: project.name, environment: environment.name, deployWorkflow } },
  )
  return { ...answer, workflow: answer.data?.updateEnvironment.environment.deployWorkflow }
}

async function setBuildWorkflow(project: SeededProject, buildWorkflow: object | null) {
  const answer = await slipway
    .as()
    .graphql<{ updateProject: { project: { buildWorkflow: ShownWorkflow | null } } }>(
      `mutation ($input: UpdateProjectInput!) { updateProject(input: $input) { project { buildWorkflow ${WORKFLOW} } } }`,
      { input: { project: project.name, buildWorkflow } },
    )
  return { ...answer, workflow: answer.data?.updateProject.project.buildWorkflow }
}

/** A project with a candidate, and an environment that a receiver's path deploys to. */
async function seed(version = 'v1.0.0-rc1', more: object = {}, where: Slipway = slipway) {
  const path = `/${unique('hook')}`
  const project = await createProject(where)
  const environment = await project.createEnvironment()
  const candidate = await project.cut(version)
  const workflow = { webhook: { url: receiver.url(path), secret: receiver.secret }, ...more }
  const { errors } = await setDeployWorkflow(project, environment, workflow, where.as())
  expect(errors).toEqual([])
  const deploy = async () => {
    const { status, body } = await environment.deploy(version)
    expect(status).toBe(201)
    return body.id
  }
  return { path, project, environment, candidate, version, deploy }
}

/** A project whose candidates a receiver's path builds. */
async function seedBuilds(more: object = {}) {
  const path = `/${unique('build')}`
  const project = await createProject(slipway)
  const environment = await project.createEnvironment()
  const { errors } = await setBuildWorkflow(project, {
    webhook: { url: receiver.url(path), secret: receiver.secret },
    ...more,
  })
  expect(errors).toEqual([])
  const address = (version: string) => `/api/releases/${project.name}/releases/${version}`
  return {
    path,
    project,
    environment,
    cut: async (version: string) => {
      const body = {
        repo: project.repository,
        commit: await slipway.repository.commit(version),
        trigger_build_workflow: true,
      }
      return slipway.as().rest<RestCandidate>('POST', address(version), body)
    },
    report: (version: string, status: string, more: object = {}) =>
      slipway.as().rest<RestCandidate>('PATCH', address(version), { status, ...more }),
  }
}

async function show(id: string, where: Slipway = slipway): Promise<ShownDeployment> {
  const { node } = await where.as().query<{ node: ShownDeployment }>(
    `query ($id: ID!) {
      node(id: $id) {
        ... on Deployment {
          status errorMessage externalUrl finishedAt
          statusHistory { status actor message }
          tracking { source runner externalId nextCheckAt attempts { request outcome message } }
        }
      }
    }`,
    { id },
  )
  return node
}

const statusOf = async (id: string) => (await show(id)).status
const attemptsOf = async (id: string) => (await show(id)).tracking.attempts
const outcomesOf = async (id: string) => (await attemptsOf(id)).map(({ request, outcome }) => `${request} ${outcome}`)

async function showBuild(id: string) {
  const { node } = await slipway.as().query<{
    node: {
      status: string
      build: { errorMessage: string | null; tracking: { attempts: { request: string; outcome: string }[] } } | null
    }
  }>(
    `query ($id: ID!) {
      node(id: $id) {
        ... on ReleaseCandidate { status build { errorMessage tracking { attempts { request outcome } } } }
      }
    }`,
    { id },
  )
  return node
}

async function intervene(mutation: string, input: object, client: Client = slipway.as()) {
  const type = mutation === 'resolveDeployment' ? 'ResolveDeploymentInput' : 'DeploymentInput'
  const { data, errors } = await client.graphql<Record<string, { deployment: { status: string } }> | null>(
    `mutation ($input: ${type}!) { ${mutation}(input: $input) { deployment { status } } }`,
    { input },
  )
  return { status: data?.[mutation]?.deployment.status, errors }
}

const cancel = (deployment: string, client?: Client) => intervene('cancelDeployment', { deployment }, client)
const resolve = (input: object, client?: Client) => intervene('resolveDeployment', input, client)

function auditOf(globalId: string) {
  return slipway.database.auditEvent.findMany({
    where: { subjectId: fromGlobalId(globalId)?.key ?? '' },
    orderBy: { id: 'asc' },
  })
}

/** Lets time pass, and everything be done that is due by then. */
async function pass(minutes: number): Promise<void> {
  await letTimePass(slipway.databaseUrl, minutes * 60_000)
  await settled(slipway.databaseUrl)
}

describe('a webhook as a workflow', () => {
  const parameters = [{ name: 'version', value: '${candidate.version}' }]

  test('is configured and shown without its secret, which nothing keeps or tells as it was given', async () => {
    const project = await createProject(slipway)
    const environment = await project.createEnvironment()
    const secret = newSecret()
    const webhook = { url: 'https://ci.example/deploy', secret }
    const deploys = await setDeployWorkflow(project, environment, { webhook, parameters, timeoutMinutes: 30 })
    const shown = {
      githubActions: null,
      buildkite: null,
      webhook: { url: webhook.url },
      parameters,
      timeoutMinutes: 30,
    }
    expect(deploys.workflow).toEqual(shown)
    const builds = await setBuildWorkflow(project, { webhook })
    expect(builds.workflow).toEqual({ ...shown, parameters: [], timeoutMinutes: 60 })

    const read = await slipway.as().query<{ project: object }>(
      `query ($name: String!, $environment: String!) {
        project(name: $name) { buildWorkflow ${WORKFLOW} environment(name: $environment) { deployWorkflow ${WORKFLOW} } }
      }`,
      { name: project.name, environment: environment.name },
    )
    expect(read.project).toEqual({
      buildWorkflow: builds.workflow,
      environment: { deployWorkflow: deploys.workflow },
    })

    const asked = await slipway
      .as()
      .graphql('query ($name: String!) { project(name: $name) { buildWorkflow { webhook { url secret } } } }', {
        name: project.name,
      })
    expect(asked.errors[0]?.message).toContain('"secret"')

    const sealed = await storedSecrets(project)
    expect(sealed).toHaveLength(2)
    expect(new Set(sealed).size).toBe(2)
    const audit = JSON.stringify(await slipway.database.auditEvent.findMany())
    expect(audit).toContain('https://ci.example/deploy')
    expect(log.join()).toContain('"msg":"Answered"')
    for (const place of [JSON.stringify([deploys, builds, read, asked]), audit, log.join()]) {
      for (const text of [...forms(secret), ...sealed]) expect(place).not.toContain(text)
    }
    for (const text of forms(secret)) expect(sealed.join()).not.toContain(text)
  })

  test('keeps its secret with another path, but not with another host', async () => {
    const { project, environment, path, deploy } = await seed()
    const [before] = await storedSecrets(project)
    const moved = await setDeployWorkflow(project, environment, { webhook: { url: receiver.url(`${path}/moved`) } })
    expect(moved.errors).toEqual([])
    expect(moved.workflow?.webhook?.url).toBe(receiver.url(`${path}/moved`))
    expect(await storedSecrets(project)).toEqual([before])

    for (const url of [`http://localhost:${receiver.port}${path}`, `http://127.0.0.1:1${path}`]) {
      const refused = await setDeployWorkflow(project, environment, { webhook: { url } })
      expect(refused.errors[0]).toMatchObject({
        message: 'Invalid workflow: secret is missing',
        extensions: { reason: 'INVALID_INPUT' },
      })
    }
    const id = await deploy()
    await expect.poll(() => receiver.types(`${path}/moved`)).toEqual(['deployment.requested'])
    await expect.poll(() => outcomesOf(id)).toEqual(['dispatch accepted'])
    expect(receiver.received(path)).toEqual([])
  })

  test('needs a secret at first, and again after there was none', async () => {
    const project = await createProject(slipway)
    const environment = await project.createEnvironment()
    const url = 'https://ci.example/deploy'
    const missing = [expect.objectContaining({ message: 'Invalid workflow: secret is missing' })]
    expect((await setDeployWorkflow(project, environment, { webhook: { url } })).errors).toEqual(missing)
    await setDeployWorkflow(project, environment, { webhook: { url, secret: newSecret() } })
    expect(await setDeployWorkflow(project, environment, null)).toMatchObject({ errors: [], workflow: null })
    expect((await setDeployWorkflow(project, environment, { webhook: { url } })).errors).toEqual(missing)
  })

  const good = { url: 'https://ci.example/hook', secret: newSecret() }
  const short = `whsec_${randomBytes(8).toString('base64')}`
  test.each([
    ['a URL of another kind', { webhook: { ...good, url: 'ftp://ci.example' } }, 'url'],
    ['a URL that is none', { webhook: { ...good, url: 'ci.example/hook' } }, 'url'],
    ['a URL with a password', { webhook: { ...good, url: 'https://me:hidden-word@ci.example' } }, 'url'],
    ['a secret without its prefix', { webhook: { ...good, secret: good.secret.slice(6) } }, 'secret'],
    ['a short secret', { webhook: { ...good, secret: short } }, 'secret'],
    [
      'two runners at once',
      { webhook: good, buildkite: { organization: 'acme', pipeline: 'deploy' } },
      'exactly one of githubActions, buildkite and webhook must be given',
    ],
    ['no runner', { timeoutMinutes: 5 }, 'exactly one of githubActions, buildkite and webhook must be given'],
    [
      'an unknown placeholder',
      { webhook: good, parameters: [{ name: 'x', value: 'a ${nope}' }] },
      'the parameter x has the unknown placeholder ${nope}',
    ],
    ['timeoutMinutes 0', { webhook: good, timeoutMinutes: 0 }, 'timeoutMinutes'],
  ])('is refused with %s', async (_what, workflow, named) => {
    const project = await createProject(slipway)
    const environment = await project.createEnvironment()
    for (const { errors, data } of [
      await setDeployWorkflow(project, environment, workflow),
      await setBuildWorkflow(project, workflow),
    ]) {
      expect(errors).toHaveLength(1)
      expect(errors[0]).toMatchObject({
        message: `Invalid workflow: ${named}`,
        extensions: { code: 'BAD_USER_INPUT', reason: 'INVALID_INPUT' },
      })
      const answer = JSON.stringify({ errors, data })
      for (const text of [...forms(good.secret), short, 'hidden-word']) expect(answer).not.toContain(text)
    }
    expect(await storedSecrets(project)).toEqual([])
  })

  test('of a build has no placeholders of deployments', async () => {
    const project = await createProject(slipway)
    const environment = await project.createEnvironment()
    const workflow = { webhook: good, parameters: [{ name: 'where', value: '${environment.name}' }] }
    const { errors } = await setBuildWorkflow(project, workflow)
    expect(errors[0]?.message).toBe(
      'Invalid workflow: the parameter where has the unknown placeholder ${environment.name}',
    )
    expect((await setDeployWorkflow(project, environment, workflow)).errors).toEqual([])
  })

  test('is configured by administrators only', async () => {
    const { project, environment } = await seed()
    const { errors } = await setDeployWorkflow(project, environment, null, slipway.as({ role: 'deployer' }))
    expect(errors[0]?.extensions).toMatchObject({ code: 'FORBIDDEN' })
  })
})

describe('a deployment', () => {
  test('is asked of the receiver, which reports how it goes', async () => {
    const { path, project, environment, candidate, version, deploy } = await seed('v1.2.0-rc3', {
      parameters: [
        { name: 'release', value: '${release.version} at ${candidate.commit}' },
        { name: 'by', value: '${deployment.actor}' },
      ],
    })
    const id = await deploy()
    await expect.poll(() => receiver.received(path)).toHaveLength(1)
    const [request] = receiver.received(path)
    expect(request).toMatchObject({ method: 'POST', headers: { 'content-type': 'application/json' } })
    expect(request?.message).toEqual({
      type: 'deployment.requested',
      timestamp: expect.stringMatching(/^\d{4}-.*Z$/),
      data: {
        project: project.name,
        release: 'v1.2.0',
        candidate: { id: candidate.id, version, commit: expect.stringMatching(COMMIT) },
        environment: environment.name,
        deployment: { id, actor: 'tester' },
        parameters: { release: `v1.2.0 at ${candidate.commit}`, by: 'tester' },
      },
    })
    await expect.poll(() => attemptsOf(id)).toEqual([{ request: 'dispatch', outcome: 'accepted', message: null }])
    expect(await show(id)).toMatchObject({
      status: 'PENDING',
      tracking: { source: 'REQUEST', runner: 'WEBHOOK', externalId: null },
    })

    const begun = await environment.report(version, 'in_progress', { external_url: 'https://ci.example/7' })
    expect(begun.body).toMatchObject({ id, status: 'in_progress', external_url: 'https://ci.example/7' })
    const ended = await environment.report(version, 'success')
    expect(ended.body).toMatchObject({ id, status: 'success' })
    expect(await show(id)).toMatchObject({
      status: 'SUCCESS',
      errorMessage: null,
      externalUrl: 'https://ci.example/7',
      statusHistory: [{ status: 'PENDING' }, { status: 'IN_PROGRESS' }, { status: 'SUCCESS' }],
      tracking: { source: 'REPORT', nextCheckAt: null },
    })
    expect(await environment.current()).toBe(version)
    expect(await environment.list()).toHaveLength(1)
    expect(receiver.received(path)).toHaveLength(1)
  })

  test('that only a pipeline reports asks the receiver for nothing', async () => {
    const { path, environment, version } = await seed()
    const { body } = await environment.report(version, 'in_progress')
    await environment.report(version, 'success')
    await settled(slipway.databaseUrl)
    expect(receiver.received(path)).toEqual([])
    expect((await show(body.id)).tracking).toMatchObject({ runner: null, attempts: [] })
  })

  test('leaves the worker alone while the receiver is silent', async () => {
    const { deploy } = await seed()
    const id = await deploy()
    await expect.poll(() => outcomesOf(id)).toEqual(['dispatch accepted'])
    // The job that looks for the name of a run, which a webhook's has not, is over by then.
    await pass(1)
    const run = await slipway.database.workflowRun.findUniqueOrThrow({
      where: { deploymentId: fromGlobalId(id)?.key ?? '' },
    })
    expect(await nextJob(run.id)).toEqual(run.deadline)
    expect(await statusOf(id)).toBe('PENDING')
  })

  test('is asked for again under the same ID when the receiver cannot take it, and tells of each try', async () => {
    const { path, deploy } = await seed()
    const unwell = { status: 503, body: `no room for ${receiver.secret}` }
    receiver.answer(path, unwell, unwell, { status: 204 })
    const id = await deploy()
    const refused = {
      request: 'dispatch',
      outcome: 'later',
      message: 'The webhook’s receiver: the receiver answered 503: no room for [hidden]',
    }
    await expect
      .poll(() => attemptsOf(id))
      .toEqual([refused, refused, { request: 'dispatch', outcome: 'accepted', message: null }])
    const requests = receiver.received(path)
    expect(requests).toHaveLength(3)
    expect(new Set(requests.map(({ headers }) => headers['webhook-id'])).size).toBe(1)
    expect(new Set(requests.map(({ message }) => JSON.stringify(message?.data))).size).toBe(1)
    const times = requests.map(({ headers }) => Number(headers['webhook-timestamp']))
    expect(times).toEqual(times.toSorted((one, other) => one - other))
    expect(new Set(times).size).toBeGreaterThan(1)
    expect(await statusOf(id)).toBe('PENDING')
  })

  test('is in error at once when the receiver is gone', async () => {
    const { path, deploy } = await seed()
    receiver.answer(path, { status: 410 })
    const id = await deploy()
    await expect.poll(() => statusOf(id)).toBe('ERROR')
    const reason = 'The webhook’s receiver: the receiver answered 410: it wants no more of them'
    expect(await show(id)).toMatchObject({
      errorMessage: reason,
      finishedAt: expect.any(String),
      statusHistory: [{ status: 'PENDING' }, { status: 'ERROR', actor: 'slipway', message: reason }],
      tracking: {
        source: 'CONCLUSION',
        nextCheckAt: null,
        attempts: [{ request: 'dispatch', outcome: 'refused', message: reason }],
      },
    })
    await pass(10)
    expect(receiver.received(path)).toHaveLength(1)
  })

  test.each([204, 410, 503])('stays as it was reported before the receiver answered %i', async status => {
    const { path, environment, version, deploy } = await seed()
    const { opened, open } = createGate()
    receiver.answer(path, { status, after: opened })
    const id = await deploy()
    await expect.poll(() => receiver.received(path)).toHaveLength(1)
    await environment.report(version, 'in_progress')
    expect((await environment.report(version, 'success')).body).toMatchObject({ id, status: 'success' })
    open()
    await expect.poll(() => attemptsOf(id)).toHaveLength(1)
    await pass(10)
    expect(await show(id)).toMatchObject({ status: 'SUCCESS', errorMessage: null, tracking: { source: 'REPORT' } })
    expect(receiver.received(path)).toHaveLength(1)
  })

  test('waits for as long as the receiver asks for', async () => {
    const { path, deploy } = await seed()
    receiver.answer(path, { status: 429, headers: { 'retry-after': '1800' } }, { status: 204 })
    const id = await deploy()
    await expect.poll(() => outcomesOf(id)).toEqual(['dispatch later'])
    await pass(20)
    expect(receiver.received(path)).toHaveLength(1)
    await pass(15)
    await expect.poll(() => outcomesOf(id)).toEqual(['dispatch later', 'dispatch accepted'])
  })

  test('does not follow the receiver to another place', async () => {
    const { path, deploy } = await seed()
    receiver.answer(path, {
      status: 307,
      headers: { location: receiver.url(`${path}/elsewhere`), 'retry-after': '60' },
    })
    const id = await deploy()
    await expect
      .poll(() => attemptsOf(id))
      .toEqual([
        {
          request: 'dispatch',
          outcome: 'later',
          message: 'The webhook’s receiver: the receiver answered 307, and redirects are not followed',
        },
      ])
    expect(receiver.received(path)).toHaveLength(1)
    expect(receiver.received(`${path}/elsewhere`)).toEqual([])
    expect(await statusOf(id)).toBe('PENDING')
    await cancel(id)
  })

  test.each(['127.0.0.1', 'localhost'])('is not sent to %s where private addresses are not allowed', async host => {
    const { path, project, environment, deploy } = await seed('v1-rc1', {}, guarded)
    const webhook = { url: `http://${host}:${receiver.port}${path}`, secret: receiver.secret }
    expect((await setDeployWorkflow(project, environment, { webhook }, guarded.as())).errors).toEqual([])
    const id = await deploy()
    await expect.poll(async () => (await show(id, guarded)).status).toBe('ERROR')
    const { errorMessage, tracking } = await show(id, guarded)
    expect(errorMessage).toContain('WEBHOOK_ALLOW_PRIVATE')
    expect(errorMessage).toContain(host)
    expect(tracking.attempts).toEqual([{ request: 'dispatch', outcome: 'refused', message: errorMessage }])
    expect(receiver.received(path)).toEqual([])
  })

  test('cannot be refreshed: the receiver reports by itself', async () => {
    const { deploy } = await seed()
    const id = await deploy()
    await expect.poll(() => outcomesOf(id)).toEqual(['dispatch accepted'])
    const { errors } = await intervene('refreshDeployment', { deployment: id })
    expect(errors[0]?.extensions).toMatchObject({ code: 'CONFLICT', reason: 'NOT_TRACKED' })
    expect((await auditOf(id)).map(({ action }) => action)).toEqual(['deployment.create'])
  })
})

describe('a deployment that is canceled', () => {
  test('is CANCELING, and the receiver is asked to stop it, until it reports that it did', async () => {
    const { path, environment, version, deploy } = await seed()
    const id = await deploy()
    await expect.poll(() => outcomesOf(id)).toEqual(['dispatch accepted'])
    await environment.report(version, 'in_progress')
    expect(await cancel(id)).toEqual({ status: 'CANCELING', errors: [] })
    await expect.poll(() => receiver.types(path)).toEqual(['deployment.requested', 'deployment.cancel_requested'])
    const [asked, stop] = receiver.received(path)
    expect(stop?.headers['webhook-id']).toBe(`${asked?.headers['webhook-id']}-cancel`)
    expect(stop?.message?.data).toEqual(asked?.message?.data)
    await expect.poll(() => outcomesOf(id)).toEqual(['dispatch accepted', 'cancel accepted'])
    expect(await statusOf(id)).toBe('CANCELING')

    expect(await cancel(id)).toEqual({ status: 'CANCELING', errors: [] })
    const { body } = await environment.report(version, 'canceled')
    expect(body).toMatchObject({ id, status: 'canceled', deploy_end_at: expect.any(String) })
    expect((await show(id)).statusHistory.map(({ status }) => status)).toEqual([
      'PENDING',
      'IN_PROGRESS',
      'CANCELING',
      'CANCELED',
    ])
    expect((await auditOf(id)).filter(({ action }) => action === 'deployment.cancel')).toHaveLength(1)
    expect(await cancel(id)).toEqual({ status: 'CANCELED', errors: [] })
    expect(receiver.received(path)).toHaveLength(2)
  })

  test('may end all the same, as its receiver reports', async () => {
    const { path, environment, version, deploy } = await seed()
    const id = await deploy()
    await expect.poll(() => outcomesOf(id)).toEqual(['dispatch accepted'])
    await cancel(id)
    await expect.poll(() => receiver.received(path)).toHaveLength(2)
    expect((await environment.report(version, 'success')).body).toMatchObject({ id, status: 'success' })
    const { errors } = await cancel(id)
    expect(errors[0]?.extensions).toMatchObject({ reason: 'ALREADY_FINISHED' })
  })

  // It waits for its turn again (QUEUED) after an answer by which it was not taken.
  test('before the receiver took it is CANCELED at once, and nothing more is sent', async () => {
    const { path, deploy } = await seed()
    receiver.answer(path, { status: 503, headers: { 'retry-after': '60' } })
    const id = await deploy()
    await expect.poll(() => outcomesOf(id)).toEqual(['dispatch later'])
    expect(await cancel(id)).toEqual({ status: 'CANCELED', errors: [] })
    await pass(10)
    expect(receiver.types(path)).toEqual(['deployment.requested'])
    expect(await show(id)).toMatchObject({
      status: 'CANCELED',
      errorMessage: null,
      statusHistory: [{ status: 'PENDING' }, { status: 'CANCELED', actor: 'tester' }],
      tracking: { source: 'CONCLUSION', nextCheckAt: null, attempts: [{ outcome: 'later' }] },
    })
  })

  test('while it is asked for is stopped as soon as the receiver has taken it', async () => {
    const { path, environment, version, deploy } = await seed()
    const { opened, open } = createGate()
    receiver.answer(path, { status: 204, after: opened }, { status: 204 })
    const id = await deploy()
    await expect.poll(() => receiver.received(path)).toHaveLength(1)
    expect(await cancel(id)).toEqual({ status: 'CANCELING', errors: [] })
    open()
    await expect.poll(() => receiver.types(path)).toEqual(['deployment.requested', 'deployment.cancel_requested'])
    expect((await environment.report(version, 'canceled')).body).toMatchObject({ id, status: 'canceled' })
  })

  test('while it is asked for is not asked for again when the receiver does not take it', async () => {
    const { path, deploy } = await seed()
    const { opened, open } = createGate()
    receiver.answer(path, { status: 503, after: opened }, { status: 204 })
    const id = await deploy()
    await expect.poll(() => receiver.received(path)).toHaveLength(1)
    expect(await cancel(id)).toEqual({ status: 'CANCELING', errors: [] })
    open()
    await pass(10)
    expect(receiver.types(path).filter(type => type === 'deployment.requested')).toHaveLength(1)
    expect(['CANCELING', 'CANCELED']).toContain(await statusOf(id))
  })

  test('is asked to stop again under the same ID when the receiver cannot take that', async () => {
    const { path, deploy } = await seed()
    receiver.answer(path, { status: 204 }, { status: 503 }, { status: 204 })
    const id = await deploy()
    await expect.poll(() => outcomesOf(id)).toEqual(['dispatch accepted'])
    await cancel(id)
    await expect.poll(() => outcomesOf(id)).toEqual(['dispatch accepted', 'cancel later', 'cancel accepted'])
    const [, first, second] = receiver.received(path)
    expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id'])
    expect(await statusOf(id)).toBe('CANCELING')
  })

  test('is so by deployers only', async () => {
    const { path, deploy } = await seed()
    const id = await deploy()
    await expect.poll(() => outcomesOf(id)).toEqual(['dispatch accepted'])
    const { errors } = await cancel(id, slipway.as({ role: 'viewer' }))
    expect(errors[0]?.extensions).toMatchObject({ code: 'FORBIDDEN' })
    expect(await statusOf(id)).toBe('PENDING')
    expect(receiver.received(path)).toHaveLength(1)
  })
})

describe('a deployment that is resolved', () => {
  test('has the status that was said, the reason in its history, and an audit event', async () => {
    const { path, deploy } = await seed()
    const id = await deploy()
    await expect.poll(() => outcomesOf(id)).toEqual(['dispatch accepted'])
    const client = slipway.as({ subject: 'maria', role: 'deployer' })
    const reason = 'The runner’s disk died; seen on the host'
    expect(await resolve({ deployment: id, status: 'FAILURE', reason }, client)).toEqual({
      status: 'FAILURE',
      errors: [],
    })
    expect(await show(id)).toMatchObject({
      status: 'FAILURE',
      errorMessage: reason,
      finishedAt: expect.any(String),
      statusHistory: [{ status: 'PENDING' }, { status: 'FAILURE', actor: 'maria', message: reason }],
      tracking: { source: 'RESOLUTION', nextCheckAt: null },
    })
    expect(await auditOf(id)).toMatchObject([
      { action: 'deployment.create' },
      { action: 'deployment.resolve', actor: 'maria', data: { status: 'FAILURE', reason } },
    ])
    await pass(10)
    expect(receiver.received(path)).toHaveLength(1)
    expect(await statusOf(id)).toBe('FAILURE')
  })

  test('as a success has the reason in its history, but no error', async () => {
    const { environment, version, deploy } = await seed()
    const id = await deploy()
    const reason = 'The new version answers'
    expect(await resolve({ deployment: id, status: 'SUCCESS', reason })).toEqual({ status: 'SUCCESS', errors: [] })
    const { errorMessage, statusHistory } = await show(id)
    expect(errorMessage).toBeNull()
    expect(statusHistory.at(-1)).toMatchObject({ status: 'SUCCESS', message: reason })
    expect(await environment.current()).toBe(version)
    expect(await resolve({ deployment: id, status: 'SUCCESS', reason: 'again' })).toMatchObject({ errors: [] })
    expect((await auditOf(id)).filter(({ action }) => action === 'deployment.resolve')).toHaveLength(1)
  })

  test('before the receiver took it is not asked for any more', async () => {
    const { path, deploy } = await seed()
    receiver.answer(path, { status: 503, headers: { 'retry-after': '60' } })
    const id = await deploy()
    await expect.poll(() => outcomesOf(id)).toEqual(['dispatch later'])
    await resolve({ deployment: id, status: 'ERROR', reason: 'The receiver is down for the day' })
    await pass(10)
    expect(receiver.received(path)).toHaveLength(1)
    expect(await statusOf(id)).toBe('ERROR')
  })

  test.each(['PENDING', 'IN_PROGRESS', 'CANCELING', 'UNKNOWN'])('cannot be %s by that', async status => {
    const { deploy } = await seed()
    const id = await deploy()
    const { errors } = await resolve({ deployment: id, status, reason: 'I know' })
    expect(errors[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT', reason: 'INVALID_DEPLOYMENT_STATUS' })
    expect(await statusOf(id)).toBe('PENDING')
  })

  test.each(['', ' \n '])('needs a reason (%j)', async reason => {
    const { deploy } = await seed()
    const id = await deploy()
    const { errors } = await resolve({ deployment: id, status: 'FAILURE', reason })
    expect(errors[0]).toMatchObject({ message: 'reason is missing', extensions: { reason: 'INVALID_INPUT' } })
    expect(await statusOf(id)).toBe('PENDING')
    expect((await auditOf(id)).map(({ action }) => action)).toEqual(['deployment.create'])
  })

  test('is so by deployers only', async () => {
    const { deploy } = await seed()
    const id = await deploy()
    const input = { deployment: id, status: 'FAILURE', reason: 'I say so' }
    const { errors } = await resolve(input, slipway.as({ role: 'viewer' }))
    expect(errors[0]?.extensions).toMatchObject({ code: 'FORBIDDEN' })
    expect(await statusOf(id)).toBe('PENDING')
  })
})

describe('a build', () => {
  test('is asked of the receiver, and the candidate can be deployed once it is reported ready', async () => {
    const { path, project, environment, cut, report } = await seedBuilds({
      parameters: [{ name: 'tag', value: '${project.name}:${candidate.version}' }],
    })
    const { status, body } = await cut('v2.0.0-rc1')
    expect({ status, is: body.status }).toEqual({ status: 201, is: 'pending' })
    await expect.poll(() => receiver.received(path)).toHaveLength(1)
    expect(receiver.received(path)[0]?.message).toEqual({
      type: 'build.requested',
      timestamp: expect.any(String),
      data: {
        project: project.name,
        release: 'v2.0.0',
        candidate: { id: body.id, version: 'v2.0.0-rc1', commit: body.commit },
        parameters: { tag: `${project.name}:v2.0.0-rc1` },
      },
    })
    const early = { status: 409, body: { error: 'Release candidate is not ready' } }
    expect(await environment.deploy('v2.0.0-rc1')).toMatchObject(early)
    expect(await report('v2.0.0-rc1', 'building')).toMatchObject({ status: 200, body: { status: 'building' } })
    expect(await environment.deploy('v2.0.0-rc1')).toMatchObject(early)
    expect(await report('v2.0.0-rc1', 'ready')).toMatchObject({ status: 200, body: { id: body.id, status: 'ready' } })
    expect(await environment.deploy('v2.0.0-rc1')).toMatchObject({ status: 201, body: { status: 'pending' } })
    expect(await report('v2.0.0-rc1', 'failed')).toMatchObject({ status: 409 })
    expect(await showBuild(body.id)).toMatchObject({
      status: 'READY',
      build: { errorMessage: null, tracking: { attempts: [{ request: 'dispatch', outcome: 'accepted' }] } },
    })
    expect(receiver.received(path)).toHaveLength(1)
  })

  test('that failed leaves a candidate that cannot be deployed', async () => {
    const { environment, cut, report } = await seedBuilds()
    const { body } = await cut('v2-rc1')
    await report('v2-rc1', 'building')
    const failed = await report('v2-rc1', 'failed', { error_message: 'exit 2' })
    expect(failed).toMatchObject({ status: 200, body: { status: 'failed' } })
    expect(await showBuild(body.id)).toMatchObject({ status: 'FAILED', build: { errorMessage: 'exit 2' } })
    expect(await environment.deploy('v2-rc1')).toMatchObject({ status: 409 })
    expect(await report('v2-rc1', 'building')).toMatchObject({ status: 409 })
  })

  test('that the receiver refuses has failed', async () => {
    const { path, cut } = await seedBuilds()
    receiver.answer(path, { status: 410 })
    const { body } = await cut('v2-rc1')
    await expect.poll(async () => (await showBuild(body.id)).status).toBe('FAILED')
    expect((await showBuild(body.id)).build).toMatchObject({
      errorMessage: 'The webhook’s receiver: the receiver answered 410: it wants no more of them',
      tracking: { attempts: [{ request: 'dispatch', outcome: 'refused' }] },
    })
  })

  test('is stopped by the receiver', async () => {
    const { path, cut, report } = await seedBuilds()
    const { body } = await cut('v2-rc1')
    await expect.poll(async () => (await showBuild(body.id)).build?.tracking.attempts).toHaveLength(1)
    await report('v2-rc1', 'building')
    const { cancelBuild } = await slipway
      .as()
      .query<{ cancelBuild: { candidate: { status: string } } }>(
        'mutation ($input: BuildInput!) { cancelBuild(input: $input) { candidate { status } } }',
        { input: { candidate: body.id } },
      )
    expect(cancelBuild.candidate.status).toBe('BUILDING')
    await expect.poll(() => receiver.types(path)).toEqual(['build.requested', 'build.cancel_requested'])
    expect(await report('v2-rc1', 'canceled')).toMatchObject({ status: 200, body: { status: 'canceled' } })
  })

  test('that was not asked for cannot be reported on', async () => {
    const { project, report } = await seedBuilds()
    await project.cut('v2-rc1')
    expect(await report('v2-rc1', 'failed')).toMatchObject({
      status: 409,
      body: { error: 'No run is followed for it' },
    })
    expect(await report('v2-rc1', 'ready')).toMatchObject({ status: 200, body: { status: 'ready' } })
  })
})

test('no secret comes into the log or the audit, whatever was sent and answered', async () => {
  const places = [log.join(), JSON.stringify(await slipway.database.auditEvent.findMany())]
  const attempts = JSON.stringify(await slipway.database.dispatchAttempt.findMany())
  for (const text of forms(receiver.secret))
    for (const place of [...places, attempts]) expect(place).not.toContain(text)
  expect(attempts).toContain('[hidden]')
})

function newSecret(): string {
  return `whsec_${randomBytes(32).toString('base64')}`
}

/** What of a secret nobody may read: also without its prefix, and as the bytes that it stands for. */
function forms(secret: string): string[] {
  const encoded = secret.replace('whsec_', '')
  return [encoded, JSON.stringify(encoded).slice(1, -1), Buffer.from(encoded, 'base64').toString('hex')]
}

/** The secrets of a project's workflows as the database has them. */
async function storedSecrets({ name }: SeededProject): Promise<string[]> {
  const project = await slipway.database.project.findUniqueOrThrow({ where: { name }, include: { environments: true } })
  const workflows = [project.buildWorkflow, ...project.environments.map(({ deployWorkflow }) => deployWorkflow)]
  return workflows.filter(workflow => workflow !== null).map(workflow => (workflow as { secret: string }).secret)
}

/** When the worker looks at a run next. */
async function nextJob(runId: string): Promise<Date | undefined> {
  const [row] = await slipway.database.$queryRaw<{ runAt: Date }[]>`
    SELECT run_at AS "runAt" FROM graphile_worker.jobs WHERE key = ${`advance-run:${runId}`}`
  return row?.runAt
}
