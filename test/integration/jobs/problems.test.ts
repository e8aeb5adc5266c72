import { pino } from 'pino'
import { afterEach, expect, test } from 'vitest'
import { SlipwayError } from '../../../src/core/errors.js'
import { sqlTransaction } from '../../../src/database/transaction.js'
import { type Job, MOST_ATTEMPTS } from '../../../src/jobs/jobs.js'
import { type JobWorker, startWorker } from '../../../src/jobs/worker.js'
import { wakeWaiting } from '../../../src/modules/deployment/follow-up.js'
import { keepProblems } from '../../../src/modules/problem/problem.service.js'
import { rollBackFailure } from '../../../src/modules/rollback/rollback.service.js'
import { sweep } from '../../../src/modules/tracking/sweep.service.js'
import { createGuardedProject } from '../../support/guarded.js'
import { useSlipway } from '../../support/slipway.js'

const slipway = useSlipway()
const log = pino({ level: 'silent' })
let worker: JobWorker | undefined

afterEach(async () => {
  await worker?.stop()
  worker = undefined
  await slipway.database.$executeRaw`DELETE FROM graphile_worker._private_jobs`
})

/** Starts a worker; `work` is what it does about every job but rollbacks, which it does. */
async function work(work: (job: Job) => Promise<void>): Promise<void> {
  const ctx = { ...slipway.services, log }
  worker = await startWorker({
    databaseUrl: slipway.databaseUrl,
    handlers: {
      inside: {
        'admit-waiting': payload => work({ kind: 'admit-waiting', payload }),
        'roll-back': ({ deploymentId }) => rollBackFailure(ctx, deploymentId),
        'deploy-automatically': payload => work({ kind: 'deploy-automatically', payload }),
        'apply-delivery': payload => work({ kind: 'apply-delivery', payload }),
      },
      outside: { 'advance-run': payload => work({ kind: 'advance-run', payload }) },
    },
    problems: keepProblems(slipway.database),
    sweep: async () => undefined,
    log,
  })
}

interface Problem {
  readonly message: string
  readonly at: string
}

async function problemOf(type: 'Deployment' | 'Environment', id: string): Promise<Problem | null> {
  const { node } = await slipway
    .as()
    .query<{ node: { problem: Problem | null } }>(
      `query ($id: ID!) { node(id: $id) { ... on ${type} { problem { message at } } } }`,
      { id },
    )
  return node.problem
}

const jobsLeft = () => slipway.database.$queryRaw<unknown[]>`SELECT key FROM graphile_worker.jobs`

test('a rollback that a rule refuses is told at its deployment, and done when it is asked for again', async () => {
  const project = await createGuardedProject(slipway, 'v1-rc1', 'v1-rc2')
  const production = await project.createEnvironment('production', { automation: { rollBackOnFailure: true } })
  await production.report('v1-rc1', 'success')
  const setStatus = (status: string) => slipway.database.$executeRaw`
    UPDATE release_candidates SET status = ${status}::candidate_status
    WHERE number = 1 AND project_id = (SELECT id FROM projects WHERE name = ${project.name})`
  await setStatus('FAILED')
  await work(async () => undefined)
  await production.report('v1-rc2', 'failure')
  const { id } = await production.newest()
  await expect
    .poll(() => problemOf('Deployment', id))
    .toMatchObject({
      message: 'It could not be rolled back automatically: Release candidate is not ready. Its build status is FAILED.',
    })
  expect(await jobsLeft()).toEqual([])
  await setStatus('READY')
  const refresh = 'mutation ($id: ID!) { refreshDeployment(input: { deployment: $id }) { deployment { id } } }'
  await slipway.as({ role: 'deployer' }).query(refresh, { id })
  await expect.poll(async () => (await production.newest()).kind).toBe('ROLLBACK')
  await expect.poll(() => problemOf('Deployment', id)).toBeNull()
})

test('what has failed too often is told at its environment, is left alone, and goes when it is done', async () => {
  const project = await createGuardedProject(slipway, 'v1-rc1')
  const production = await project.createEnvironment('production')
  const { id: key } = await slipway.database.environment.findFirstOrThrow({
    where: { project: { name: project.name } },
  })
  let isBroken = true
  await sqlTransaction(slipway.database, tx => wakeWaiting(tx, key))
  await slipway.database.$executeRaw`UPDATE graphile_worker._private_jobs SET attempts = ${MOST_ATTEMPTS - 1}`
  await work(async () => {
    if (isBroken) throw new Error('A secret of the machine')
  })
  await expect
    .poll(() => problemOf('Environment', production.id))
    .toMatchObject({
      message: 'The deployments that wait on it could not be started: it failed 8 times, as the log of the worker says',
    })
  expect(await jobsLeft()).toEqual([])
  await slipway.database.$executeRaw`
    UPDATE environments SET next_look_at = now() - interval '1 hour' WHERE id = ${key}::uuid`
  await sweep({ ...slipway.services, log })
  expect(await jobsLeft()).toEqual([])
  await slipway.database.$executeRaw`UPDATE environments SET next_look_at = NULL`
  isBroken = false
  const refresh =
    'mutation ($input: RefreshEnvironmentInput!) { refreshEnvironment(input: $input) { environment { id } } }'
  const input = { project: project.name, environment: 'production' }
  const refused = await slipway.as({ role: 'viewer' }).graphql(refresh, { input })
  expect(refused.errors).toMatchObject([{ extensions: { reason: 'FORBIDDEN' } }])
  await slipway.as({ role: 'deployer' }).query(refresh, { input })
  expect(await problemOf('Environment', production.id)).toBeNull()
  await expect.poll(jobsLeft).toEqual([])
})

test('a run of a build that cannot be followed is told at the build', async () => {
  const project = await createGuardedProject(slipway)
  const admin = slipway.as()
  await admin.query('mutation ($input: UpdateProjectInput!) { updateProject(input: $input) { project { id } } }', {
    input: { project: project.name, buildWorkflow: { buildkite: { organization: 'acme', pipeline: 'build' } } },
  })
  const commit = await slipway.repository.commit('build me')
  await admin.rest('POST', `/api/releases/${project.name}/releases/v1-rc1`, {
    repo: project.repository,
    commit,
    trigger_build_workflow: true,
  })
  let isBroken = true
  await work(async () => {
    if (isBroken) throw new SlipwayError('RUN_MISMATCH', { details: 'It is of another project.' })
  })
  const build = async () => {
    const asked = `query ($name: String!) {
      project(name: $name) { candidate(version: "v1-rc1") { id build { problem { message } } } } }`
    const { project: found } = await admin.query<{
      project: { candidate: { id: string; build: { problem: { message: string } | null } } }
    }>(asked, { name: project.name })
    return found.candidate
  }
  await expect
    .poll(async () => (await build()).build.problem)
    .toEqual({
      message: 'Its run could not be followed: The run belongs to something else. It is of another project.',
    })
  await slipway.database.$executeRaw`UPDATE workflow_runs SET next_check_at = now() - interval '1 hour'`
  await sweep({ ...slipway.services, log })
  expect(await jobsLeft()).toEqual([])
  isBroken = false
  const { id } = await build()
  await admin.query('mutation ($id: ID!) { refreshBuild(input: { candidate: $id }) { candidate { id } } }', { id })
  expect((await build()).build.problem).toBeNull()
})
