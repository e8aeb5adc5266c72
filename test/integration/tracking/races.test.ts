import { randomUUID } from 'node:crypto'
import { pino } from 'pino'
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest'
import { fromGlobalId } from '../../../src/core/global-id.js'
import { createSecretBox } from '../../../src/core/secret-box.js'
import { postEvent } from '../../../src/demo/post-event.js'
import type { StandInEvent, StandInRun } from '../../../src/demo/stand-in-github.js'
import { createRunners } from '../../../src/modules/runner/runners.js'
import { advanceRun } from '../../../src/modules/tracking/advance.service.js'
import { createPace } from '../../../src/modules/tracking/pace.js'
import { startGitHubStandIn } from '../../support/github-stand-in.js'
import { createGitHubProject } from '../../support/seed.js'
import { GITHUB_WEBHOOK_SECRET, unique, useSlipway } from '../../support/slipway.js'
import { letTimePass } from '../../support/time-travel.js'

const ROUNDS = 30
const github = await startGitHubStandIn()
const slipway = useSlipway({ githubApiUrl: github.url, worker: true, pace: createPace(500) })
const SHA = 'abcdef1'.padEnd(40, '0')
/** What GitHub would have sent; brought here when it suits the race. */
let events: StandInEvent[]

afterAll(() => github.stop())
beforeEach(() => {
  github.commits.splice(0, github.commits.length, SHA)
  github.workflows.set('deploy.yml', {
    inputs: ['aviator_deployment_id', 'aviator_release_cut_commit_hash', 'aviator_release_candidate_version'],
    titleInput: 'aviator_deployment_id',
  })
  events = []
  github.interfere = () => undefined
  github.onEvent = event => events.push(event)
})

interface Round {
  readonly id: string
  readonly path: string
  readonly run: StandInRun
  /** Brings the newest event of the run, as a delivery of its own. */
  bring(): Promise<Response>
  statuses(): Promise<string[]>
}

/** Deployments on environments of their own, whose runs GitHub has begun. */
async function rounds(
  workflow: object | null = { githubActions: { workflow: 'deploy.yml' } },
  count = ROUNDS,
): Promise<Round[]> {
  const project = unique('shop')
  await slipway
    .as()
    .query(
      'mutation ($project: String!) { createProject(input: { name: $project, repository: "acme/shop" }) { project { id } } }',
      { project },
    )
  await slipway.as().rest('POST', `/api/releases/${project}/releases/v1-rc1`, { repo: 'acme/shop', commit: SHA })
  return Promise.all(Array.from({ length: count }, (_, number) => round(project, `env-${number}`, workflow)))
}

async function round(project: string, environment: string, deployWorkflow: object | null): Promise<Round> {
  await slipway
    .as()
    .query('mutation ($input: CreateEnvironmentInput!) { createEnvironment(input: $input) { environment { id } } }', {
      input: { project, name: environment, tier: 'STAGING', deployWorkflow },
    })
  const path = `/api/releases/${project}/environments/${environment}/deployments`
  const { body } = await slipway.as().rest<{ id: string }>('POST', path, { release_candidate_version: 'v1-rc1' })
  const find = () => github.runs.find(({ inputs }) => inputs['aviator_deployment_id'] === body.id) as StandInRun
  if (deployWorkflow !== null) {
    await expect.poll(find).toBeDefined()
    const isNamed = () => slipway.database.workflowRun.count({ where: { externalId: String(find().id) } })
    await expect.poll(isNamed).toBe(1)
    github.actions.begin(find())
  }
  return {
    id: body.id,
    path,
    run: find(),
    bring: () => {
      const newest = events.findLast(event => event.run === find())
      return postEvent(`${slipway.url}/webhooks/github`, GITHUB_WEBHOOK_SECRET, newest?.body ?? {}, randomUUID())
    },
    statuses: async () => (await slipway.as().rest<{ status: string }[]>('GET', path)).body.map(({ status }) => status),
  }
}

const allAre = (all: Round[], expected: string[]) =>
  expect.poll(() => Promise.all(all.map(({ statuses }) => statuses()))).toEqual(all.map(() => expected))

afterEach(async () => {
  await expect.poll(() => slipway.database.webhookDelivery.count({ where: { outcome: null } })).toBe(0)
  const failed = await slipway.database.$queryRaw`SELECT * FROM graphile_worker.jobs WHERE last_error IS NOT NULL`
  expect(failed).toEqual([])
  const parted = await slipway.database.$queryRaw`
    SELECT deployments.id FROM deployments JOIN workflow_runs ON deployment_id = deployments.id
    WHERE deployments.status <> workflow_runs.status AND deployments.source NOT IN ('REPORT', 'RESOLUTION')`
  expect(parted).toEqual([])
})

test('one event that comes eight times at once is taken once', async () => {
  const all = await rounds()
  for (const { run } of all) github.actions.finish(run, 'success')
  await Promise.all(all.flatMap(({ bring }) => Array.from({ length: 8 }, () => bring())))
  await allAre(all, ['success'])
  const ends = await slipway.database.deploymentStatusChange.count({
    where: { status: 'SUCCESS', deploymentId: { in: all.map(({ id }) => fromGlobalId(id)?.key ?? '') } },
  })
  expect(ends).toBe(ROUNDS)
})

test('a re-run of which six events come at once is one new deployment', async () => {
  const all = await rounds()
  for (const { run } of all) github.actions.finish(run, 'failure')
  await Promise.all(all.map(({ bring }) => bring()))
  await allAre(all, ['failure'])
  for (const { run } of all) github.actions.rerun(run)
  await Promise.all(all.flatMap(({ bring }) => Array.from({ length: 6 }, () => bring())))
  await allAre(all, ['pending', 'failure'])
})

test('two re-runs whose events come at once leave no deployment open', async () => {
  const all = await rounds()
  for (const { run } of all) github.actions.finish(run, 'failure')
  await Promise.all(all.map(({ bring }) => bring()))
  await allAre(all, ['failure'])
  const before = events.length
  for (const { run } of all) {
    for (const conclusion of ['cancelled', 'success']) {
      github.actions.rerun(run)
      github.actions.finish(run, conclusion)
    }
  }
  const url = `${slipway.url}/webhooks/github`
  await Promise.all(events.slice(before).map(({ body }) => postEvent(url, GITHUB_WEBHOOK_SECRET, body, randomUUID())))
  // An attempt that was overtaken may be left out, or come after the one that overtook it.
  const told = async () => (await Promise.all(all.map(({ statuses }) => statuses()))).map(list => list.join())
  await expect
    .poll(told)
    .toEqual(all.map(() => expect.stringMatching(/^(success,(canceled,)?|canceled,success,)failure$/)))
})

test('the deployment of an attempt that was run again can be refreshed', async () => {
  const [{ id, run, bring, statuses }] = (await rounds(undefined, 1)) as [Round]
  github.actions.finish(run, 'failure')
  await bring()
  await expect.poll(statuses).toEqual(['failure'])
  github.actions.rerun(run)
  await bring()
  await expect.poll(statuses).toEqual(['pending', 'failure'])
  const answer = await slipway
    .as()
    .graphql('mutation ($id: ID!) { refreshDeployment(input: { deployment: $id }) { deployment { status } } }', { id })
  expect(answer).toMatchObject({ errors: [], data: { refreshDeployment: { deployment: { status: 'FAILURE' } } } })
})

test('a run that is claimed for another deployment is not started a second time', async () => {
  const [mistaken] = (await rounds(null, 1)) as [Round]
  github.interfere = ({ operation }, answer) => {
    if (!operation.endsWith('/dispatches')) return undefined
    answer()
    return 'drop'
  }
  const { path } = await createGitHubProject(slipway, SHA)
  const { body } = await slipway.as().rest<{ id: string }>('POST', path, { release_candidate_version: 'v1-rc1' })
  const runs = () => github.runs.filter(({ inputs }) => inputs['aviator_deployment_id'] === body.id)
  await expect.poll(() => runs().length).toBe(1)
  const claim = { deployment_id: mistaken.id, workflow_run_id: runs()[0]?.id }
  expect((await slipway.as().rest('POST', '/api/v1/sync-deploy-github-action', claim)).status).toBe(200)
  const deploymentId = fromGlobalId(body.id)?.key ?? ''
  const unclear = { outcome: 'unclear', run: { deploymentId } }
  await expect.poll(() => slipway.database.dispatchAttempt.count({ where: unclear })).toBe(1)
  await letTimePass(slipway.databaseUrl, 60_000)
  const phase = async () => (await slipway.database.workflowRun.findUniqueOrThrow({ where: { deploymentId } })).phase
  await expect.poll(phase).toBe('FOLLOWED')
  expect(runs()).toHaveLength(1)
})

test('what a pipeline reports stands, whenever GitHub tells otherwise', async () => {
  const all = await rounds()
  for (const { run } of all) github.actions.finish(run, 'failure')
  await Promise.all(
    all.flatMap(({ path, bring }) => [
      bring(),
      slipway.as().rest('PATCH', path, { release_candidate_version: 'v1-rc1', status: 'success' }),
      bring(),
    ]),
  )
  await allAre(all, ['success'])
})

test('a cancel while the run ends leaves the status that the run has in the end', async () => {
  const all = await rounds()
  const cancel = (id: string) =>
    slipway
      .as()
      .graphql('mutation ($id: ID!) { cancelDeployment(input: { deployment: $id }) { deployment { status } } }', { id })
  await Promise.all(
    all.flatMap(({ id, run, bring }, index) => {
      if (index % 2 === 0) github.actions.finish(run, 'success')
      return [cancel(id), bring(), cancel(id)]
    }),
  )
  const ends = () => all.map(({ run }) => (run.attempts[0]?.conclusion === 'success' ? 'success' : 'canceled'))
  await expect.poll(async () => (await Promise.all(all.map(({ statuses }) => statuses()))).flat()).toEqual(ends())
})

test('a run that two workers advance at once is dispatched once', async () => {
  const log = pino({ level: 'silent' })
  const settings = { apiUrl: github.url, token: undefined, app: undefined }
  const runners = createRunners(
    { github: settings, buildkite: { apiUrl: github.url, token: undefined }, webhook: { allowPrivate: true } },
    createSecretBox('a key of the tests that is long enough'),
    log,
  )
  const ctx = { database: slipway.database, runners, pace: createPace(500), log }
  const all = await rounds()
  for (const { path } of all.slice(0, 10)) {
    const { body } = await slipway.as().rest<{ id: string }>('POST', path, { release_candidate_version: 'v1-rc1' })
    const run = await slipway.database.workflowRun.findUniqueOrThrow({
      where: { deploymentId: fromGlobalId(body.id)?.key ?? '' },
    })
    const { signal } = new AbortController()
    await Promise.all(Array.from({ length: 4 }, () => advanceRun(ctx, run.id, signal)))
    expect(github.runs.filter(({ inputs }) => inputs['aviator_deployment_id'] === body.id)).toHaveLength(1)
  }
})

test('one run that two deployments claim at once belongs to one of them', async () => {
  const all = await rounds(null)
  const claim = (deployment_id: string, workflow_run_id: number) =>
    slipway.as().rest('POST', '/api/v1/sync-deploy-github-action', { deployment_id, workflow_run_id })
  for (let index = 0; index + 1 < all.length; index += 2) {
    const [one, other] = [all[index]?.id ?? '', all[index + 1]?.id ?? '']
    const answers = await Promise.all([claim(one, 900 + index), claim(other, 900 + index)])
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409])
    const again = await Promise.all([claim(one, 900 + index), claim(one, 900 + index)])
    expect(new Set(again.map(({ status }) => status)).size).toBe(1)
  }
})
