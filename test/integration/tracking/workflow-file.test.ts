import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { afterAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import type { StandInRun } from '../../../src/demo/stand-in-github.js'
import { createPace } from '../../../src/modules/tracking/pace.js'
import { cleanEnvironment } from '../../support/environment.js'
import { startGitHubStandIn } from '../../support/github-stand-in.js'
import { Postman } from '../../support/postman.js'
import { createGitHubProject } from '../../support/seed.js'
import { GITHUB_WEBHOOK_SECRET, useSlipway } from '../../support/slipway.js'
import { testToken } from '../../support/token.js'

interface WorkflowFile {
  readonly on: { readonly workflow_dispatch: { readonly inputs: Record<string, unknown> } }
  readonly jobs: Record<string, { readonly env: Record<string, string>; readonly steps: readonly { run: string }[] }>
}

const github = await startGitHubStandIn()
const slipway = useSlipway({ githubApiUrl: github.url, worker: true, pace: createPace(300) })
const file = parse(readFileSync(new URL('./deploy.yml', import.meta.url), 'utf8')) as WorkflowFile
const SHA = 'abcdef1'.padEnd(40, '0')
afterAll(() => github.stop())

/** Does what a runner of GitHub's does: fills the expressions in, and runs the steps one after the other. */
async function carryOut(run: StandInRun): Promise<void> {
  const values: Record<string, string> = {
    'github.run_id': String(run.id),
    'vars.RELEASES_URL': slipway.url,
    'secrets.RELEASES_TOKEN': testToken({ subject: 'github', role: 'deployer' }),
  }
  for (const [name, value] of Object.entries(run.inputs)) {
    values[`inputs.${name}`] = value
    values[`github.event.inputs.${name}`] = value
  }
  const fill = (text: string) =>
    text.replaceAll(/\$\{\{ *([\w.]+) *\}\}/g, (_whole, name: string) => values[name] ?? '')
  github.actions.begin(run)
  try {
    for (const { env, steps } of Object.values(file.jobs)) {
      const variables = Object.fromEntries(Object.entries(env).map(([name, value]) => [name, fill(value)]))
      for (const step of steps) {
        await promisify(execFile)('bash', ['-e', '-c', fill(step.run)], {
          env: { ...cleanEnvironment(), ...variables },
        })
      }
    }
    github.actions.finish(run, 'success')
  } catch {
    github.actions.finish(run, 'failure')
  }
}

test.each([
  ['its events', true],
  ['its callback alone, no event of it arriving', false],
])('a workflow file with the documented inputs moves a deployment to success by %s', async (_how, areSent) => {
  const postman = new Postman(() => slipway.url, {
    secret: GITHUB_WEBHOOK_SECRET,
    faults: { dropped: areSent ? 0 : 1 },
  })
  github.commits.splice(0, github.commits.length, SHA)
  github.workflows.set('deploy.yml', { inputs: Object.keys(file.on.workflow_dispatch.inputs) })
  github.onEvent = ({ action, run, body }) => {
    postman.post(body)
    if (action === 'requested') setTimeout(() => void carryOut(run), 100)
  }
  const { path } = await createGitHubProject(slipway, SHA)
  const body = { release_candidate_version: 'v1-rc1' }
  expect(await slipway.as().rest('POST', path, body)).toMatchObject({ status: 201, body: { status: 'pending' } })
  const newest = async () => (await slipway.as().rest<{ status: string }[]>('GET', path)).body[0]
  await expect.poll(newest).toMatchObject({ status: 'success' })
  const [run] = github.runs.slice(-1)
  expect(await newest()).toMatchObject({ external_url: `https://github.com/acme/shop/actions/runs/${run?.id}` })
  await postman.rest()
  expect(github.faults).toEqual([])
})
