import { createHmac } from 'node:crypto'
import { createRequire } from 'node:module'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { postEvent } from '../../../src/demo/post-event.js'
import type { StandInRun } from '../../../src/demo/stand-in-github.js'
import { createPace } from '../../../src/modules/tracking/pace.js'
import { type GitHubStandIn, startGitHubStandIn } from '../../support/github-stand-in.js'
import { Postman } from '../../support/postman.js'
import { createGitHubProject } from '../../support/seed.js'
import { GITHUB_WEBHOOK_SECRET, unique, useSlipway } from '../../support/slipway.js'
import { letTimePass, settled } from '../../support/time-travel.js'

const github: GitHubStandIn = await startGitHubStandIn()
const slipway = useSlipway({ githubApiUrl: github.url, worker: true, pace: createPace(400) })
const SHA = `abcdef1${'0'.repeat(33)}`
const INPUTS = ['aviator_deployment_id', 'aviator_release_cut_commit_hash', 'aviator_release_candidate_version']
const BUILD_INPUTS = ['aviator_release_cut_id', 'aviator_release_cut_commit_hash', 'aviator_release_candidate_version']

let postman: Postman
afterAll(() => github.stop())
beforeEach(() => {
  github.commits.splice(0, github.commits.length, SHA)
  github.workflows.clear()
  github.workflows.set('deploy.yml', { inputs: INPUTS, titleInput: 'aviator_deployment_id' })
  github.workflows.set('nameless.yml', { inputs: INPUTS })
  github.workflows.set('build.yml', { inputs: BUILD_INPUTS })
  github.requests.length = 0
  github.interfere = () => undefined
  postman = new Postman(() => slipway.url, { secret: GITHUB_WEBHOOK_SECRET })
  github.onEvent = ({ body }) => postman.post(body)
})
afterEach(async () => {
  await postman.rest()
  expect(github.faults).toEqual([])
})

interface Target {
  readonly project: string
  readonly path: string
}

/** A project on GitHub with an environment that is deployed to by a workflow, and a candidate to deploy. */
const seed = (deployWorkflow?: object): Promise<Target> =>
  createGitHubProject(slipway, SHA, {
    ...(deployWorkflow && { deployWorkflow }),
    buildWorkflow: { githubActions: { workflow: 'build.yml' } },
  })

async function deploy({ path }: Target): Promise<string> {
  const answer = await slipway.as({ subject: 'ci' }).rest<{ id: string }>('POST', path, {
    release_candidate_version: 'v1-rc1',
  })
  expect(answer).toMatchObject({ status: 201, body: { status: 'pending' } })
  return answer.body.id
}

const list = async ({ path }: Target) => (await slipway.as().rest<Record<string, string | null>[]>('GET', path)).body
const statuses = async (target: Target) => (await list(target)).map(({ status }) => status)

/** The run that was dispatched for a deployment, or the newest one. */
async function dispatched(id?: string): Promise<StandInRun> {
  const find = () =>
    id === undefined ? github.runs.at(-1) : github.runs.find(run => Object.values(run.inputs).includes(id))
  await expect.poll(find).toBeDefined()
  return find() as StandInRun
}

/** Waits until what came of the tries to start or stop its run is this. */
const attempted = (id: string, outcomes: string[]) =>
  expect.poll(() => node(id)).toMatchObject({ tracking: { attempts: outcomes.map(outcome => ({ outcome })) } })

/** Lets time pass, and everything be done that is due by then. */
async function pass(minutes: number): Promise<void> {
  await letTimePass(slipway.databaseUrl, minutes * 60_000)
  await settled(slipway.databaseUrl)
}

const runsOf = (id: string) => github.runs.filter(run => Object.values(run.inputs).includes(id))

async function node(id: string) {
  const { node: found } = await slipway.as().query<{ node: Record<string, unknown> }>(
    `query ($id: ID!) { node(id: $id) { ... on Deployment {
      status errorMessage externalUrl startedAt finishedAt
      statusHistory { status actor message }
      tracking { source runner externalId attempt nextCheckAt observedAt deadline attempts { request outcome message } }
    } } }`,
    { id },
  )
  return found
}

const becomes = (target: Target, expected: string[]) => expect.poll(() => statuses(target)).toEqual(expected)

describe('a deployment', () => {
  test('starts the workflow with the documented inputs and is moved by its events', async () => {
    const target = await seed()
    const id = await deploy(target)
    const run = await dispatched(id)
    expect(run).toMatchObject({
      workflow: 'deploy.yml',
      ref: 'main',
      inputs: {
        aviator_deployment_id: id,
        aviator_release_cut_commit_hash: SHA,
        aviator_release_candidate_version: 'v1-rc1',
      },
    })
    github.actions.begin(run)
    await becomes(target, ['in_progress'])
    github.actions.finish(run, 'success')
    await becomes(target, ['success'])
    const deployment = await node(id)
    expect(deployment).toMatchObject({
      errorMessage: null,
      externalUrl: `https://github.com/acme/shop/actions/runs/${run.id}`,
      statusHistory: [
        { status: 'PENDING', actor: 'ci' },
        { status: 'IN_PROGRESS', actor: 'GitHub' },
        { status: 'SUCCESS', actor: 'GitHub' },
      ],
      tracking: {
        runner: 'GITHUB_ACTIONS',
        externalId: String(run.id),
        attempt: 1,
        nextCheckAt: null,
        attempts: [{ request: 'dispatch', outcome: 'accepted', message: null }],
      },
    })
    expect(runsOf(id)).toHaveLength(1)
  })

  test('without any event is found out by asking, and asking when nothing has changed costs nothing', async () => {
    const target = await seed()
    github.onEvent = () => {}
    const id = await deploy(target)
    const run = await dispatched(id)
    await expect.poll(() => node(id)).toMatchObject({ tracking: { externalId: String(run.id) } })
    const answered: number[] = []
    github.interfere = ({ operation }, answer) => {
      const given = answer()
      if (operation.startsWith('GET') && operation.endsWith('/runs/{run_id}')) answered.push(given.status)
      return given
    }
    github.actions.begin(run)
    await becomes(target, ['in_progress'])
    await expect.poll(() => answered).toContain(304)
    github.actions.finish(run, 'failure')
    await becomes(target, ['failure'])
    expect(await node(id)).toMatchObject({
      errorMessage: 'The run failed on GitHub',
      tracking: { source: 'CHECK' },
    })
  })

  test('whose run is run again is reopened as a new deployment', async () => {
    const target = await seed()
    const run = await dispatched(await deploy(target))
    github.actions.begin(run)
    github.actions.finish(run, 'failure')
    await becomes(target, ['failure'])
    github.actions.rerun(run)
    await becomes(target, ['pending', 'failure'])
    github.actions.begin(run)
    github.actions.finish(run, 'success')
    await becomes(target, ['success', 'failure'])
    const [second] = await list(target)
    expect(await node(second?.['id'] ?? '')).toMatchObject({
      tracking: { externalId: String(run.id), attempt: 2 },
      statusHistory: expect.arrayContaining([expect.objectContaining({ actor: 'GitHub' })]),
    })
  })

  test('whose end was lost before it was run again still gets its own end', async () => {
    const target = await seed()
    const run = await dispatched(await deploy(target))
    github.actions.begin(run)
    await becomes(target, ['in_progress'])
    github.onEvent = () => {}
    github.actions.finish(run, 'failure')
    github.onEvent = ({ body }) => postman.post(body)
    github.actions.rerun(run)
    await becomes(target, ['pending', 'failure'])
  })

  test('is not moved back by events that come late, twice or for an older attempt', async () => {
    const target = await seed()
    const events: object[] = []
    github.onEvent = ({ body }) => events.push(body)
    const id = await deploy(target)
    const run = await dispatched(id)
    github.actions.begin(run)
    github.actions.finish(run, 'success')
    await postAll([...events].reverse())
    await becomes(target, ['success'])
    const history = (await node(id))['statusHistory']
    await postAll([...events, ...events])
    expect(await statuses(target)).toEqual(['success'])
    expect((await node(id))['statusHistory']).toEqual(history)
  })
})

async function postAll(events: readonly object[]): Promise<void> {
  for (const body of events) {
    const response = await postEvent(`${slipway.url}/webhooks/github`, GITHUB_WEBHOOK_SECRET, body)
    expect(response.ok).toBe(true)
  }
  await expect.poll(() => slipway.database.webhookDelivery.count({ where: { outcome: null } })).toBe(0)
}

describe('a dispatch', () => {
  test('that GitHub carries out without answering is found again and not done twice', async () => {
    const target = await seed()
    github.interfere = ({ operation }, answer) => {
      if (!operation.endsWith('/dispatches')) return undefined
      answer()
      return { status: 502, body: { message: 'Bad Gateway' } }
    }
    // Nor do its events arrive.
    github.onEvent = () => {}
    const id = await deploy(target)
    const run = await dispatched(id)
    github.interfere = () => undefined
    await attempted(id, ['unclear'])
    await pass(1)
    await expect.poll(() => node(id)).toMatchObject({ tracking: { externalId: String(run.id) } })
    github.actions.finish(run, 'success')
    await becomes(target, ['success'])
    expect(runsOf(id)).toHaveLength(1)
  })

  test('that got lost on the way is done once more', async () => {
    const target = await seed()
    let lost = 0
    github.interfere = ({ operation }) => (operation.endsWith('/dispatches') && lost++ === 0 ? 'drop' : undefined)
    const id = await deploy(target)
    await attempted(id, ['unclear'])
    await pass(1)
    await expect.poll(() => runsOf(id)).toHaveLength(1)
    expect(lost).toBe(2)
  })

  test('whose run tells its name in an event is found by that', async () => {
    const target = await seed()
    github.interfere = ({ operation }, answer) => {
      if (!operation.endsWith('/dispatches')) return undefined
      answer()
      return 'drop'
    }
    const run = await dispatched(await deploy(target))
    github.actions.begin(run)
    await becomes(target, ['in_progress'])
    expect(runsOf(run.inputs['aviator_deployment_id'] ?? '')).toHaveLength(1)
  })

  test.each([
    [{ githubActions: { workflow: 'missing.yml' } }, 'GitHub: Not Found'],
    [{ githubActions: { workflow: 'deploy.yml', ref: 'gone' } }, 'GitHub: No ref found for: gone'],
    [
      { githubActions: { workflow: 'deploy.yml' }, parameters: [{ name: 'color', value: 'red' }] },
      'GitHub: Unexpected inputs provided: ["color"]',
    ],
  ])('that GitHub refuses (%j) ends as ERROR with its words', async (workflow, words) => {
    const target = await seed(workflow)
    await deploy(target)
    await becomes(target, ['error'])
    expect((await list(target))[0]).toMatchObject({ error_message: words })
  })

  test('waits as long as a rate limit says, together with all others', async () => {
    const [one, other] = [await seed(), await seed()]
    let asked = 0
    github.interfere = ({ operation }) => {
      if (!operation.endsWith('/dispatches') || asked++ > 0) return undefined
      return {
        status: 403,
        body: { message: 'You have exceeded a secondary rate limit' },
        headers: { 'retry-after': '1800' },
      }
    }
    const first = await deploy(one)
    await attempted(first, ['later'])
    const second = await deploy(other)
    await pass(20)
    expect(asked).toBe(1)
    await pass(15)
    await expect.poll(() => runsOf(first).length + runsOf(second).length).toBe(2)
    expect(asked).toBe(3)
  })

  test('to a server that cannot name the run finds out by itself', async () => {
    const target = await seed()
    github.interfere = ({ operation, body }) => {
      const { return_run_details } = (body ?? {}) as { return_run_details?: boolean }
      if (!operation.endsWith('/dispatches') || !return_run_details) return undefined
      return { status: 400, body: { message: 'Invalid request. "return_run_details" is not a permitted key.' } }
    }
    github.onEvent = () => {}
    github.faults.length = 0
    const id = await deploy(target)
    const run = await dispatched(id)
    await expect.poll(() => node(id)).toMatchObject({ tracking: { externalId: String(run.id) } })
    // An older server's answer is not in the newest one's description.
    github.faults.length = 0
  })
})

describe('a run', () => {
  test('that GitHub forgets ends as ERROR', async () => {
    const target = await seed()
    const run = await dispatched(await deploy(target))
    github.actions.begin(run)
    await becomes(target, ['in_progress'])
    github.actions.forget(run)
    await becomes(target, ['error'])
    expect((await list(target))[0]).toMatchObject({ error_message: 'GitHub does not know the run any more' })
  })

  test('whose time is over counts as lost, until GitHub tells how it ended after all', async () => {
    const target = await seed()
    const id = await deploy(target)
    const run = await dispatched(id)
    await expect.poll(() => node(id)).toMatchObject({ tracking: { externalId: String(run.id) } })
    await pass(60)
    await becomes(target, ['error'])
    expect((await list(target))[0]?.['error_message']).toBe('It had not ended 60 minutes after it was started')
    github.actions.begin(run)
    github.actions.finish(run, 'success')
    await becomes(target, ['success'])
    expect((await list(target))[0]?.['error_message']).toBeNull()
  })

  test('is followed from the callback of a workflow that nothing here had started', async () => {
    const target = await seed()
    await slipway.as().query(
      `mutation ($project: String!) {
        updateEnvironment(input: { project: $project, environment: "production", deployWorkflow: null }) {
          environment { deployWorkflow { timeoutMinutes } }
        }
      }`,
      { project: target.project },
    )
    const id = await deploy(target)
    // Somebody starts it by hand and gives it the deployment's ID, as the documented workflow files expect.
    await fetch(`${github.url}/repos/acme/shop/actions/workflows/nameless.yml/dispatches`, {
      method: 'POST',
      body: JSON.stringify({ ref: 'main', inputs: { aviator_deployment_id: id } }),
    })
    const run = await dispatched(id)
    const sync = { deployment_id: id, workflow_run_id: run.id }
    const client = slipway.as({ role: 'deployer' })
    expect(await client.rest('POST', '/api/v1/sync-deploy-github-action', sync)).toMatchObject({
      status: 200,
      body: { id, status: 'pending' },
    })
    expect((await client.rest('POST', '/api/v1/sync-deploy-github-action', sync)).status).toBe(200)
    github.actions.begin(run)
    await becomes(target, ['in_progress'])
    github.actions.finish(run, 'success')
    await becomes(target, ['success'])
    const other = await deploy(target)
    const stolen = { deployment_id: other, workflow_run_id: run.id }
    expect(await client.rest('POST', '/api/v1/sync-deploy-github-action', stolen)).toMatchObject({
      status: 409,
      body: { code: 'RUN_MISMATCH' },
    })
    const faulty = { deployment_id: other, workflow_run_id: 'x' }
    expect((await client.rest('POST', '/api/v1/sync-deploy-github-action', faulty)).status).toBe(400)
  })
})

test('a run that was started elsewhere carries out a deployment, whatever that still waits for', async () => {
  const target = await seed()
  await slipway.as().query(
    `mutation ($project: String!) {
      updateEnvironment(input: {
        project: $project, environment: "production", deployWorkflow: null, gates: { approval: { requiredApprovals: 1 } }
      }) { environment { id } }
    }`,
    { project: target.project },
  )
  const id = await deploy(target)
  await fetch(`${github.url}/repos/acme/shop/actions/workflows/nameless.yml/dispatches`, {
    method: 'POST',
    body: JSON.stringify({ ref: 'main', inputs: { aviator_deployment_id: id } }),
  })
  const run = await dispatched(id)
  const sync = { deployment_id: id, workflow_run_id: run.id }
  expect((await slipway.as().rest('POST', '/api/v1/sync-deploy-github-action', sync)).status).toBe(200)
  const { node: deployment } = await slipway
    .as()
    .query<{ node: { admittedAt: string | null; waitingFor: unknown } }>(
      'query ($id: ID!) { node(id: $id) { ... on Deployment { admittedAt waitingFor { gate } } } }',
      { id },
    )
  expect(deployment).toEqual({ admittedAt: expect.any(String), waitingFor: [] })
  github.actions.finish(run, 'success')
  await becomes(target, ['success'])
})

describe('a person', () => {
  const mutate = (name: string, input: object, role: 'deployer' | 'viewer' = 'deployer') =>
    slipway.as({ role, subject: 'ann' }).graphql<Record<string, { deployment: { status: string } }>>(
      `mutation ($input: ${name === 'resolveDeployment' ? 'ResolveDeploymentInput' : 'DeploymentInput'}!) {
          ${name}(input: $input) { deployment { status } }
        }`,
      { input },
    )

  test('cancels a deployment that runs: GitHub is asked, and tells when it has stopped', async () => {
    const target = await seed()
    const id = await deploy(target)
    const run = await dispatched(id)
    github.actions.begin(run)
    await becomes(target, ['in_progress'])
    const { data } = await mutate('cancelDeployment', { deployment: id })
    expect(data['cancelDeployment']?.deployment.status).toBe('CANCELING')
    await becomes(target, ['canceled'])
    expect(await node(id)).toMatchObject({
      statusHistory: [{}, {}, { status: 'CANCELING', actor: 'ann' }, { status: 'CANCELED', actor: 'GitHub' }],
    })
    const audited = await slipway.database.auditEvent.findMany({ where: { action: 'deployment.cancel', actor: 'ann' } })
    expect(audited.length).toBeGreaterThan(0)
    const { errors } = await mutate('cancelDeployment', { deployment: id }, 'viewer')
    expect(errors[0]?.extensions).toMatchObject({ code: 'FORBIDDEN' })
  })

  test('cancels a deployment before GitHub had it: nothing is started', async () => {
    const target = await seed()
    github.interfere = ({ operation }) =>
      operation.endsWith('/dispatches')
        ? { status: 429, body: { message: 'Too many' }, headers: { 'retry-after': '60' } }
        : undefined
    const id = await deploy(target)
    await attempted(id, ['later'])
    const { data } = await mutate('cancelDeployment', { deployment: id })
    expect(data['cancelDeployment']?.deployment.status).toBe('CANCELED')
    github.interfere = () => undefined
    await slipway.database.rateLimit.deleteMany()
    await pass(60)
    expect(runsOf(id)).toEqual([])
  })

  test('has GitHub asked now, and is told when it cannot be', async () => {
    const target = await seed()
    github.onEvent = () => {}
    const id = await deploy(target)
    const run = await dispatched(id)
    await expect.poll(() => node(id)).toMatchObject({ tracking: { externalId: String(run.id) } })
    github.actions.begin(run)
    const { data } = await mutate('refreshDeployment', { deployment: id })
    expect(data['refreshDeployment']?.deployment.status).toBe('IN_PROGRESS')
    github.interfere = () => ({ status: 503, body: { message: 'Unavailable' } })
    const { errors } = await mutate('refreshDeployment', { deployment: id })
    expect(errors[0]).toMatchObject({ message: 'GitHub is unavailable', extensions: { code: 'UNAVAILABLE' } })
  })

  test('resolves a deployment; what GitHub says of that run afterwards does not count', async () => {
    const target = await seed()
    const id = await deploy(target)
    const run = await dispatched(id)
    github.actions.begin(run)
    await becomes(target, ['in_progress'])
    const input = { deployment: id, status: 'FAILURE', reason: 'the cluster burns' }
    const { data } = await mutate('resolveDeployment', input)
    expect(data['resolveDeployment']?.deployment.status).toBe('FAILURE')
    github.actions.finish(run, 'success')
    await postman.rest()
    await expect.poll(() => slipway.database.webhookDelivery.count({ where: { outcome: null } })).toBe(0)
    expect(await node(id)).toMatchObject({
      status: 'FAILURE',
      errorMessage: 'the cluster burns',
      tracking: { source: 'RESOLUTION', nextCheckAt: null },
    })
  })
})

describe('a build', () => {
  const cut = async (project: string, version: string) =>
    slipway.as().rest<Record<string, string>>('POST', `/api/releases/${project}/releases/${version}`, {
      repo: 'acme/shop',
      commit: SHA,
      trigger_build_workflow: true,
    })
  const candidateStatus = async (project: string, version: string) => {
    const data = await slipway
      .as()
      .query<{ project: { candidate: { status: string } } }>(
        'query ($project: String!, $version: String!) { project(name: $project) { candidate(version: $version) { status } } }',
        { project, version },
      )
    return data.project.candidate.status
  }

  test('makes the candidate ready, and again after it had failed', async () => {
    const { project, path } = await seed()
    const answer = await cut(project, 'v2-rc1')
    expect(answer).toMatchObject({ status: 201, body: { status: 'pending' } })
    const run = await dispatched(answer.body['id'])
    expect(run).toMatchObject({ workflow: 'build.yml', inputs: { aviator_release_cut_commit_hash: SHA } })
    github.actions.begin(run)
    await expect.poll(() => candidateStatus(project, 'v2-rc1')).toBe('BUILDING')
    const refused = await slipway.as().rest('POST', path, { release_candidate_version: 'v2-rc1' })
    expect(refused).toMatchObject({ status: 409, body: { error: 'Release candidate is not ready' } })
    github.actions.finish(run, 'failure')
    await expect.poll(() => candidateStatus(project, 'v2-rc1')).toBe('FAILED')
    github.actions.rerun(run)
    await expect.poll(() => candidateStatus(project, 'v2-rc1')).toBe('PENDING')
    github.actions.begin(run)
    github.actions.finish(run, 'success')
    await expect.poll(() => candidateStatus(project, 'v2-rc1')).toBe('READY')
    const again = await cut(project, 'v2-rc1')
    expect(again).toMatchObject({ status: 200, body: { status: 'ready' } })
    expect(runsOf(answer.body['id'] ?? '')).toHaveLength(1)
  })

  test('is named by its callback', async () => {
    const { project } = await seed()
    const { body } = await cut(project, 'v3-rc1')
    const run = await dispatched(body['id'])
    const sync = { release_cut_id: body['id'], workflow_run_id: String(run.id) }
    const answer = await slipway.as().rest('POST', '/api/v1/sync-build-github-action', sync)
    expect(answer).toMatchObject({ status: 200, body: { release_candidate_version: 'v3-rc1' } })
  })
})

describe('an event', () => {
  const url = () => `${slipway.url}/webhooks/github`
  const examples = (
    createRequire(import.meta.url)('@octokit/webhooks-examples') as { name: string; examples: object[] }[]
  ).find(({ name }) => name === 'workflow_run')?.examples

  test('as GitHub publishes it passes, and one of a repository unknown here changes nothing', async () => {
    expect(examples?.length).toBeGreaterThan(3)
    for (const example of examples ?? []) {
      const response = await postEvent(url(), GITHUB_WEBHOOK_SECRET, example)
      expect({ status: response.status, body: await response.json() }).toEqual({
        status: 200,
        body: { status: 'ignored', reason: expect.stringMatching(/^Nothing of .* was ever started from here$/) },
      })
    }
  })

  test.each(examples ?? [])('as GitHub publishes it, of a run of ours, is taken in (%#)', async example => {
    const target = await seed()
    const id = await deploy(target)
    const run = await dispatched(id)
    await expect.poll(() => node(id)).toMatchObject({ tracking: { externalId: String(run.id) } })
    const { workflow_run } = example as { workflow_run: object }
    const ours = {
      ...example,
      workflow_run: { ...workflow_run, id: run.id },
      repository: { ...(example as { repository: object }).repository, full_name: 'Acme/Shop' },
    }
    const response = await postEvent(url(), GITHUB_WEBHOOK_SECRET, ours)
    expect(response.status).toBe(202)
    const { status, conclusion } = workflow_run as { status: string; conclusion: string | null }
    const ends = status === 'completed' && conclusion === 'success'
    await settled(slipway.databaseUrl)
    await becomes(target, [ends ? 'success' : 'pending'])
  })

  test('that is signed wrongly is refused', async () => {
    const before = await slipway.database.webhookDelivery.count()
    for (const signature of [undefined, '', 'sha256=00', `sha256=${'0'.repeat(64)}`]) {
      const response = await fetch(url(), {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'x-github-event': 'workflow_run',
          'x-github-delivery': unique('delivery'),
          ...(signature !== undefined && { 'x-hub-signature-256': signature }),
        },
        body: '{}',
      })
      expect(response.status).toBe(401)
      expect(await response.json()).toMatchObject({ error: 'Invalid signature', code: 'INVALID_SIGNATURE' })
    }
    expect(await slipway.database.webhookDelivery.count()).toBe(before)
  })

  test('that comes twice counts once', async () => {
    const target = await seed()
    const events: object[] = []
    github.onEvent = ({ body }) => events.push(body)
    const run = await dispatched(await deploy(target))
    github.actions.begin(run)
    const delivery = unique('delivery')
    const answers: unknown[] = []
    for (let copy = 0; copy < 2; copy++) {
      const response = await postEvent(url(), GITHUB_WEBHOOK_SECRET, events.at(-1) ?? {}, delivery)
      answers.push([response.status, await response.json()])
    }
    expect(answers).toEqual([
      [202, { status: 'accepted' }],
      [200, { status: 'duplicate' }],
    ])
  })

  test('of 25 MB, without JSON, or of another kind gets a clear answer', async () => {
    const send = (body: string, event = 'workflow_run') =>
      fetch(url(), {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'x-github-event': event,
          'x-github-delivery': unique('delivery'),
          'x-hub-signature-256': `sha256=${createHmac('sha256', GITHUB_WEBHOOK_SECRET).update(body).digest('hex')}`,
        },
        body,
      })
    const large = await send(JSON.stringify({ text: 'x'.repeat(25 * 1_024 * 1_024) }))
    expect([large.status, await large.json()]).toMatchObject([413, { code: 'BODY_TOO_LARGE' }])
    expect([(await send('{')).status, (await send('{}')).status]).toEqual([400, 400])
    const ping = await send('{"zen":"Design for failure."}', 'ping')
    expect([ping.status, await ping.json()]).toMatchObject([200, { status: 'ignored' }])
  })
})
