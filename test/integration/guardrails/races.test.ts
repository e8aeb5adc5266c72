import { pino } from 'pino'
import { expect, test } from 'vitest'
import { startJobs } from '../../../src/app.js'
import {
  createGuardedProject,
  freeze,
  type GuardedEnvironment,
  type GuardedProject,
  review,
} from '../../support/guarded.js'
import { useSlipway } from '../../support/slipway.js'

const slipway = useSlipway()
const ROUNDS = 200
const AT_ONCE = 10
const SLOW = { timeout: 180_000 }

/** Runs something on so many environments of one project, several at a time. */
async function rounds(
  versions: readonly string[],
  gates: object,
  round: (environment: GuardedEnvironment, project: GuardedProject) => Promise<void>,
): Promise<void> {
  const project = await createGuardedProject(slipway, ...versions)
  for (let start = 0; start < ROUNDS; start += AT_ONCE) {
    await Promise.all(
      Array.from({ length: AT_ONCE }, async (_, number) =>
        round(await project.createEnvironment(`env-${start + number}`, { gates }), project),
      ),
    )
  }
}

/** Does two things at the same time, now one of them a little earlier, now the other. */
async function together<A, B>(one: () => Promise<A>, other: () => Promise<B>): Promise<[A, B]> {
  const lead = Math.random() * 6 - 3
  const after = (ms: number) => new Promise(resolve => setTimeout(resolve, Math.max(0, ms)))
  return Promise.all([after(lead).then(one), after(-lead).then(other)])
}

test('the last approval and a freeze: it starts before the freeze, or not at all', SLOW, async () => {
  const seen = { started: 0, frozen: 0 }
  await rounds(['v1-rc1'], { approval: { requiredApprovals: 1 } }, async (environment, project) => {
    const { body } = await environment.deploy('v1-rc1')
    const ann = slipway.as({ subject: 'ann', role: 'approver' })
    const [, id] = await together(
      () => review(ann, 'approve', body.id),
      () => freeze(slipway.as(), { project: project.name, environments: [environment.name] }),
    )
    const { node } = await slipway
      .as()
      .query<{ node: { startsAt: string } }>('query ($id: ID!) { node(id: $id) { ... on Freeze { startsAt } } }', {
        id,
      })
    const { admittedAt, waitingFor } = await environment.newest()
    if (admittedAt === null) {
      seen.frozen += 1
      expect(waitingFor.map(({ gate }) => gate)).toEqual(['FREEZE'])
    } else {
      seen.started += 1
      expect(Date.parse(admittedAt)).toBeLessThanOrEqual(Date.parse(node.startsAt))
    }
  })
  // Both happen, or it would be no race.
  expect(Math.min(seen.started, seen.frozen)).toBeGreaterThan(0)
})

test('a rollback and the report of a success: as if one had come after the other', SLOW, async () => {
  const seen = { reportFirst: 0, rollbackFirst: 0 }
  await rounds(['v1-rc1', 'v1-rc2'], {}, async environment => {
    await environment.report('v1-rc1', 'success')
    await environment.report('v1-rc2', 'in_progress')
    const [rollback, report] = await together(
      () => environment.rollBack(),
      () => environment.report('v1-rc2', 'success'),
    )
    expect(rollback).toMatchObject({ status: 201, body: { release_candidate_version: 'v1-rc1' } })
    expect(report.status).toBe(200)
    const told = (await environment.deployments()).map(
      ({ candidate, kind, status, undoes }) =>
        `${kind === 'ROLLBACK' ? `back from ${undoes?.number} to ` : ''}${candidate.version} ${status}`,
    )
    const back = 'back from 2 to v1-rc1 PENDING'
    if (told.length === 3) {
      seen.reportFirst += 1
      expect(told).toEqual(['v1-rc1 SUCCESS', 'v1-rc2 SUCCESS', back])
    } else {
      seen.rollbackFirst += 1
      expect(told).toEqual(['v1-rc1 SUCCESS', 'v1-rc2 CANCELED', back, 'v1-rc2 SUCCESS'])
    }
  })
  expect(Math.min(seen.reportFirst, seen.rollbackFirst)).toBeGreaterThan(0)
})

test('two rollbacks at once go back one step, and both are told of the same one', SLOW, async () => {
  await rounds(['v1-rc1', 'v1-rc2', 'v1-rc3'], {}, async environment => {
    for (const version of ['v1-rc1', 'v1-rc2', 'v1-rc3']) await environment.report(version, 'success')
    const [one, other] = await together(
      () => environment.rollBack(),
      () => environment.rollBack(),
    )
    expect([one.status, other.status].toSorted()).toEqual([200, 201])
    expect(one.body.id).toBe(other.body.id)
    expect(one.body.release_candidate_version).toBe('v1-rc2')
    expect(await environment.deployments()).toHaveLength(4)
  })
})

test('successes everywhere at once wake one another, and nothing stands in the way of anything', SLOW, async () => {
  const project = await createGuardedProject(slipway, 'v1-rc1', 'v1-rc2')
  const environments: GuardedEnvironment[] = []
  for (let number = 0; number < 6; number += 1) {
    const before = environments.map(({ name }) => name)
    const promotion = before.length === 0 ? null : { environments: before }
    const environment = await project.createEnvironment(`env-${number}`, { gates: { promotion } })
    // It waits for the end of a deployment, and for what happens elsewhere.
    await environment.deploy('v1-rc2')
    environments.push(environment)
  }
  for (let round = 0; round < ROUNDS / 10; round += 1) {
    const reports = environments.flatMap(environment => [
      environment.report('v1-rc1', round % 2 === 0 ? 'success' : 'in_progress'),
      environment.report('v1-rc1', 'success'),
    ])
    expect((await Promise.all(reports)).map(({ status }) => status)).toEqual(reports.map(() => 200))
  }
})

test('a freeze that ends while the worker restarts: what it held back starts, once, and not before', SLOW, async () => {
  const ann = slipway.as({ subject: 'ann', role: 'approver' })
  const log = pino({ level: 'fatal' })
  const start = () => startJobs(slipway.services, slipway.databaseUrl, log)
  const project = await createGuardedProject(slipway, 'v1-rc1')
  let worker = await start()
  for (let round = 0; round < ROUNDS / AT_ONCE; round += 1) {
    const held = await Promise.all(
      Array.from({ length: AT_ONCE }, async (_, number) => {
        const gates = { approval: { requiredApprovals: 1 } }
        const environment = await project.createEnvironment(`env-${round}-${number}`, { gates })
        const { body } = await environment.deploy('v1-rc1')
        const endsAt = new Date(Date.now() + 300 + Math.random() * 400).toISOString()
        await freeze(slipway.as(), { project: project.name, environments: [environment.name], endsAt })
        await review(ann, 'approve', body.id)
        return { environment, endsAt: Date.parse(endsAt) }
      }),
    )
    await new Promise(resolve => setTimeout(resolve, Math.random() * 500))
    await worker.stop()
    await new Promise(resolve => setTimeout(resolve, Math.random() * 300))
    worker = await start()
    for (const { environment, endsAt } of held) {
      await expect.poll(async () => (await environment.newest()).admittedAt).not.toBeNull()
      const { admittedAt, waitingFor } = await environment.newest()
      expect(Date.parse(admittedAt ?? '')).toBeGreaterThanOrEqual(endsAt)
      expect(waitingFor).toEqual([])
      const { statusHistory } = await historyOf((await environment.newest()).id)
      expect(statusHistory.filter(({ message }) => message === 'All its gates are open')).toHaveLength(1)
    }
  }
  await worker.stop()
})

async function historyOf(id: string) {
  const { node } = await slipway
    .as()
    .query<{ node: { statusHistory: { message: string | null }[] } }>(
      'query ($id: ID!) { node(id: $id) { ... on Deployment { statusHistory { message } } } }',
      { id },
    )
  return node
}
