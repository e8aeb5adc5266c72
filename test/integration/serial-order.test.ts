import { describe, expect, test } from 'vitest'
import { createProject } from '../support/seed.js'
import { useSlipway } from '../support/slipway.js'

const slipway = useSlipway()

async function seed(...versions: string[]) {
  const project = await createProject(slipway)
  const environment = await project.createEnvironment()
  for (const version of versions) await project.cut(version)
  return { project, environment }
}

const times = <Item>(count: number, make: (index: number) => Item) => Array.from({ length: count }, (_, i) => make(i))

describe('any number of concurrent calls', () => {
  test('64 reports of one candidate that begins make one deployment', async () => {
    const { environment } = await seed('v1-rc1')
    const answers = await Promise.all(times(64, () => environment.report('v1-rc1', 'in_progress')))
    expect(answers.every(({ status }) => status === 200)).toBe(true)
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1)
    expect(await environment.list('?per_page=100')).toHaveLength(1)
  })

  test('64 deployments that are asked for are numbered without gaps and follow one another', async () => {
    const { environment } = await seed('v1-rc1')
    const answers = await Promise.all(times(64, () => environment.deploy('v1-rc1')))
    expect(answers.every(({ status }) => status === 201)).toBe(true)
    const rows = await slipway.database.deployment.findMany({
      where: { environment: { name: environment.name } },
      orderBy: { number: 'asc' },
    })
    expect(rows.map(({ number }) => number)).toEqual(times(64, i => i + 1))
    const createdAt = rows.map(row => row.createdAt.getTime())
    expect(createdAt).toEqual([...createdAt].sort((a, b) => a - b))
  })

  test('60 successes of three candidates replace one another in the order in which they were taken', async () => {
    const versions = ['v1-rc1', 'v2-rc1', 'v3-rc1']
    const { environment } = await seed(...versions)
    const answers = await Promise.all(times(60, i => environment.report(versions[i % 3] ?? '', 'success')))
    expect(answers.every(({ status }) => status === 200)).toBe(true)
    // Each deployment replaced exactly the one that was recorded before it: there is one serial order.
    const newestFirst = await environment.list('?per_page=100')
    for (const [index, deployment] of newestFirst.entries()) {
      expect(deployment.from_release_candidate_version).toBe(newestFirst[index + 1]?.release_candidate_version ?? null)
    }
    expect(await environment.current()).toBe(newestFirst[0]?.release_candidate_version)
  })

  test('every stored status has its history entry and its audit event', async () => {
    const versions = ['v1-rc1', 'v2-rc1']
    const { environment } = await seed(...versions)
    const statuses = ['in_progress', 'success', 'failure']
    await Promise.all(
      times(60, i => environment.report(versions[i % 2] ?? '', statuses[i % 3] ?? '', { error_message: `call ${i}` })),
    )
    const rows = await slipway.database.deployment.findMany({
      where: { environment: { name: environment.name } },
      include: { statusChanges: { orderBy: [{ at: 'asc' }, { id: 'asc' }] } },
    })
    for (const row of rows) {
      const last = row.statusChanges.at(-1)
      expect(last).toMatchObject({ status: row.status, message: row.errorMessage, at: row.reportedAt })
      const events = await slipway.database.auditEvent.count({ where: { subjectId: row.id } })
      expect(events).toBe(row.statusChanges.length)
    }
  })

  test('a failure in the middle of a transaction leaves nothing of it', async () => {
    const { environment } = await seed('v1-rc1')
    await environment.deploy('v1-rc1')
    // The audit event is written last: when it cannot be, neither the state nor the history may change.
    await slipway.database
      .$executeRaw`ALTER TABLE audit_events ADD CONSTRAINT refuse CHECK (action <> 'deployment.report') NOT VALID`
    const failed = await environment.report('v1-rc1', 'success')
    await slipway.database.$executeRaw`ALTER TABLE audit_events DROP CONSTRAINT refuse`
    expect(failed).toMatchObject({ status: 500, body: { error: 'Internal server error' } })
    expect(await environment.list()).toMatchObject([{ status: 'pending' }])
    const changes = { deployment: { environment: { name: environment.name } } }
    expect(await slipway.database.deploymentStatusChange.count({ where: changes })).toBe(1)
  })
})
