import { createRequire } from 'node:module'
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest'
import { postEvent } from '../../../src/demo/post-event.js'
import type { StandInRun } from '../../../src/demo/stand-in-github.js'
import { createPace } from '../../../src/modules/tracking/pace.js'
import { startGitHubStandIn } from '../../support/github-stand-in.js'
import { Postman } from '../../support/postman.js'
import { createGitHubProject } from '../../support/seed.js'
import { GITHUB_WEBHOOK_SECRET, useSlipway } from '../../support/slipway.js'

// Nobody is asked of Slipway's own accord for hours: what happens here is due to what is heard.
const github = await startGitHubStandIn()
const slipway = useSlipway({ githubApiUrl: github.url, worker: true, pace: createPace(3_600_000) })
const SHA = 'abcdef1'.padEnd(40, '0')
let postman: Postman

afterAll(() => github.stop())
beforeEach(() => {
  github.commits.splice(0, github.commits.length, SHA)
  github.workflows.set('deploy.yml', {
    inputs: ['aviator_deployment_id', 'aviator_release_cut_commit_hash', 'aviator_release_candidate_version'],
  })
  postman = new Postman(() => slipway.url, { secret: GITHUB_WEBHOOK_SECRET })
  github.onEvent = ({ body }) => postman.post(body)
  github.interfere = () => undefined
})
afterEach(() => postman.rest())

/** A deployment whose run GitHub has begun. */
async function begin(): Promise<{ run: StandInRun; statuses: () => Promise<string[]> }> {
  const { path } = await createGitHubProject(slipway, SHA)
  const { body } = await slipway.as().rest<{ id: string }>('POST', path, { release_candidate_version: 'v1-rc1' })
  const find = () => github.runs.find(({ inputs }) => inputs['aviator_deployment_id'] === body.id)
  await expect.poll(find).toBeDefined()
  const run = find() as StandInRun
  const statuses = async () =>
    (await slipway.as().rest<{ status: string }[]>('GET', path)).body.map(({ status }) => status)
  github.actions.begin(run)
  await expect.poll(statuses).toEqual(['in_progress'])
  return { run, statuses }
}

test('an event of a re-run has the end asked for that was not heard of', async () => {
  const { run, statuses } = await begin()
  github.onEvent = () => {}
  github.actions.finish(run, 'failure')
  github.onEvent = ({ body }) => postman.post(body)
  github.actions.rerun(run)
  await expect.poll(statuses).toEqual(['pending', 'failure'])
})

test('a re-run whose older attempt GitHub tells nothing of any more replaces it', async () => {
  const { run, statuses } = await begin()
  github.onEvent = () => {}
  github.actions.finish(run, 'failure')
  github.interfere = ({ operation }) =>
    operation.includes('/attempts/') ? { status: 404, body: { message: 'Not Found' } } : undefined
  github.onEvent = ({ body }) => postman.post(body)
  github.actions.rerun(run)
  await expect.poll(statuses).toEqual(['pending', 'error'])
})

test('an event that is completed without a conclusion, as GitHub has published one, has GitHub asked', async () => {
  const { run, statuses } = await begin()
  github.onEvent = () => {}
  github.actions.finish(run, 'success')
  const published = createRequire(import.meta.url)('@octokit/webhooks-examples') as {
    name: string
    examples: object[]
  }[]
  const [example] = published.find(({ name }) => name === 'workflow_run')?.examples ?? []
  const { workflow_run, repository } = example as { workflow_run: object; repository: object }
  await postEvent(`${slipway.url}/webhooks/github`, GITHUB_WEBHOOK_SECRET, {
    ...example,
    workflow_run: { ...workflow_run, id: run.id, status: 'completed', conclusion: null },
    repository: { ...repository, full_name: 'acme/shop' },
  })
  await expect.poll(statuses).toEqual(['success'])
})
