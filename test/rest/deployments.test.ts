import { describe, expect, test } from 'vitest'
import { createProject } from '../support/seed.js'
import { useSlipway } from '../support/slipway.js'

const slipway = useSlipway()
const minutes = (count: number) => new Date(Date.now() + count * 60_000).toISOString()

/** A project with one environment and candidates to deploy. */
async function seed(...versions: string[]) {
  const project = await createProject(slipway)
  const environment = await project.createEnvironment()
  for (const version of versions) await project.cut(version)
  return { project, environment }
}

describe('a deployment that is asked for', () => {
  test('is pending, and tells what, where, by whom, since when and instead of what', async () => {
    const { project, environment } = await seed('v1.0.0-rc1', 'v1.1.0-rc2')
    await environment.report('v1.0.0-rc1', 'success')
    const { status, body } = await environment.deploy('v1.1.0-rc2')
    expect(status).toBe(201)
    expect(body).toEqual({
      id: expect.stringMatching(/^deployment_/),
      project_name: project.name,
      environment_name: environment.name,
      release_version: 'v1.1.0',
      release_candidate_version: 'v1.1.0-rc2',
      from_release_version: 'v1.0.0',
      from_release_candidate_version: 'v1.0.0-rc1',
      status: 'pending',
      actor: 'tester',
      error_message: null,
      external_url: null,
      deploy_start_at: expect.stringMatching(/^\d{4}-.*Z$/),
      deploy_end_at: null,
    })
  })

  test('is refused while the candidate is not ready, whose reports are taken all the same', async () => {
    const { environment } = await seed('v1.0.0-rc1')
    await slipway.database.releaseCandidate.updateMany({ data: { status: 'BUILDING' } })
    const refused = await environment.deploy('v1.0.0-rc1')
    expect(refused).toMatchObject({ status: 409, body: { error: 'Release candidate is not ready' } })
    const reported = await environment.report('v1.0.0-rc1', 'success')
    expect(reported).toMatchObject({ status: 200, body: { status: 'success' } })
    await slipway.database.releaseCandidate.updateMany({ data: { status: 'READY' } })
  })

  test('may be asked for again while an earlier one is active', async () => {
    const { environment } = await seed('v1.0.0-rc1')
    const first = await environment.deploy('v1.0.0-rc1')
    const second = await environment.deploy('v1.0.0-rc1')
    expect(second.status).toBe(201)
    expect(second.body.id).not.toBe(first.body.id)
  })
})

describe('a report', () => {
  test('updates the active deployment of the candidate', async () => {
    const { environment } = await seed('v1-rc1')
    const asked = await environment.deploy('v1-rc1')
    const begun = await environment.report('v1-rc1', 'in_progress', { external_url: 'https://ci.example/1' })
    expect(begun.body).toMatchObject({ id: asked.body.id, status: 'in_progress', deploy_end_at: null })
    const ended = await environment.report('v1-rc1', 'failure', { error_message: 'exit 1' })
    expect(ended.body).toMatchObject({
      id: asked.body.id,
      status: 'failure',
      error_message: 'exit 1',
      external_url: 'https://ci.example/1',
      deploy_end_at: expect.any(String),
    })
    expect(await environment.list()).toHaveLength(1)
  })

  test('creates the deployment when there is none', async () => {
    const { environment } = await seed('v1-rc1')
    const { status, body } = await environment.report('v1-rc1', 'in_progress')
    expect(status).toBe(200)
    expect(await environment.list()).toEqual([body])
  })

  test('of an active status after the end begins a new run', async () => {
    const { environment } = await seed('v1-rc1')
    const first = await environment.report('v1-rc1', 'success')
    const second = await environment.report('v1-rc1', 'in_progress')
    expect(second.body.id).not.toBe(first.body.id)
    expect(second.body).toMatchObject({ from_release_candidate_version: 'v1-rc1' })
  })

  test('of another end corrects the newest deployment in place and moves its end', async () => {
    const { environment } = await seed('v1-rc1')
    const wrong = await environment.report('v1-rc1', 'success', { occurred_at: minutes(-2) })
    const right = await environment.report('v1-rc1', 'failure', { occurred_at: minutes(-1) })
    expect(right.body.id).toBe(wrong.body.id)
    expect(right.body.deploy_end_at).not.toBe(wrong.body.deploy_end_at)
    expect(await environment.current()).toBeNull()
  })

  test('of an end after something else was deployed is a new run', async () => {
    const { environment } = await seed('v1-rc1', 'v2-rc1')
    const first = await environment.report('v1-rc1', 'success')
    await environment.report('v2-rc1', 'success')
    const back = await environment.report('v1-rc1', 'success')
    expect(back.body.id).not.toBe(first.body.id)
    expect(back.body.from_release_candidate_version).toBe('v2-rc1')
    expect(await environment.current()).toBe('v1-rc1')
  })

  test('of the status it already has changes nothing', async () => {
    const { environment } = await seed('v1-rc1')
    const first = await environment.report('v1-rc1', 'success')
    const again = await environment.report('v1-rc1', 'success', { error_message: 'ignored' })
    expect(again).toMatchObject({ status: 200, body: first.body })
    expect(await slipway.database.deploymentStatusChange.count({ where: historyOf(environment.name) })).toBe(1)
  })

  test('that is sent again with its time changes nothing, also after something else was deployed', async () => {
    const { environment } = await seed('v1-rc1', 'v2-rc1')
    const at = { occurred_at: minutes(-3) }
    const first = await environment.report('v1-rc1', 'success', at)
    await environment.report('v2-rc1', 'success', { occurred_at: minutes(-2) })
    const again = await environment.report('v1-rc1', 'success', at)
    expect(again.body).toEqual(first.body)
    expect(await environment.list()).toHaveLength(2)
  })

  test('older than the last one stays in the history and changes nothing else', async () => {
    const { environment } = await seed('v1-rc1')
    const ended = await environment.report('v1-rc1', 'success', { occurred_at: minutes(-1) })
    const late = await environment.report('v1-rc1', 'in_progress', { occurred_at: minutes(-2) })
    expect(late).toMatchObject({ status: 200, body: ended.body })
    const { node } = await slipway
      .as()
      .query<{ node: { statusHistory: { status: string }[] } }>(
        'query ($id: ID!) { node(id: $id) { ... on Deployment { statusHistory { status at recordedAt } } } }',
        { id: ended.body.id },
      )
    expect(node.statusHistory.map(({ status }) => status)).toEqual(['IN_PROGRESS', 'SUCCESS'])
  })

  test('counts from its time: an older success that is told later does not change what runs', async () => {
    const { environment } = await seed('v1-rc1', 'v2-rc1')
    await environment.report('v2-rc1', 'success', { occurred_at: minutes(-1) })
    const told = await environment.report('v1-rc1', 'success', { occurred_at: minutes(-30) })
    expect(Date.parse(told.body.deploy_end_at ?? '')).toBeLessThan(Date.now() - 29 * 60_000)
    expect(await environment.current()).toBe('v2-rc1')
  })

  test('may be ahead by less than five minutes', async () => {
    const { environment } = await seed('v1-rc1')
    expect(await environment.report('v1-rc1', 'success', { occurred_at: minutes(60) })).toMatchObject({
      status: 400,
      body: { error: 'Invalid occurred_at: it is more than five minutes ahead' },
    })
    expect(await environment.report('v1-rc1', 'success', { occurred_at: minutes(4) })).toMatchObject({ status: 200 })
  })
})

describe('the list', () => {
  test('is newest first, in numbered pages', async () => {
    const { environment } = await seed('v1-rc1')
    const ids: string[] = []
    for (let count = 0; count < 12; count++) ids.unshift((await environment.deploy('v1-rc1')).body.id)
    const idsOf = async (query: string) => (await environment.list(query)).map(({ id }) => id)
    expect(await idsOf('')).toEqual(ids.slice(0, 10))
    expect(await idsOf('?page=2')).toEqual(ids.slice(10))
    expect(await idsOf('?page=3&per_page=5')).toEqual(ids.slice(10))
    expect(await idsOf('?page=4&per_page=5')).toEqual([])
    expect(await idsOf('?per_page=100')).toEqual(ids)
  })

  test.each(['?page=0', '?per_page=101', '?per_page=x', '?page=1.5'])('refuses %s', async query => {
    const { project, environment } = await seed()
    const path = `/api/releases/${project.name}/environments/${environment.name}/deployments${query}`
    expect(await slipway.as().rest('GET', path)).toMatchObject({
      status: 400,
      body: { error: expect.stringMatching(/^(per_)?page /) },
    })
  })
})

function historyOf(environment: string) {
  return { deployment: { environment: { name: environment } } }
}
