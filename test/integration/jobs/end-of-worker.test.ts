import { pino } from 'pino'
import { expect, test } from 'vitest'
import { startJobs } from '../../../src/app.js'
import type { Runner } from '../../../src/modules/runner/runner.js'
import { createGate } from '../../support/gate.js'
import { createProject } from '../../support/seed.js'
import { useSlipway } from '../../support/slipway.js'

const slipway = useSlipway()

test('a worker that is stopped does not wait for a runner that never answers', async () => {
  const project = await createProject(slipway)
  const environment = await project.createEnvironment()
  await project.cut('v1-rc1')
  await slipway
    .as()
    .query('mutation ($input: UpdateEnvironmentInput!) { updateEnvironment(input: $input) { environment { id } } }', {
      input: {
        project: project.name,
        environment: environment.name,
        deployWorkflow: { buildkite: { organization: 'acme', pipeline: 'deploy' } },
      },
    })
  const dispatched = createGate()
  // Only the signal ends its dispatch.
  const silent: Runner = {
    ...slipway.services.runners.BUILDKITE,
    dispatch: (_order, signal) =>
      new Promise(resolve => {
        signal.addEventListener('abort', () => resolve({ kind: 'unclear', reason: 'It was told to give up' }))
        dispatched.open()
      }),
  }
  const services = { ...slipway.services, runners: { ...slipway.services.runners, BUILDKITE: silent } }
  const worker = await startJobs(services, slipway.databaseUrl, pino({ level: 'silent' }))
  await environment.deploy('v1-rc1')
  await dispatched.opened
  await worker.stop()
  expect(await slipway.database.dispatchAttempt.findMany()).toMatchObject([
    { outcome: 'unclear', message: 'It was told to give up' },
  ])
})
