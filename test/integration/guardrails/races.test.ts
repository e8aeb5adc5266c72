import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { startJobs } from '../../../src/app.js'
import { fromGlobalId } from '../../../src/core/global-id.js'
import {
  createGuardedProject,
  freeze,
  type GuardedEnvironment,
  type GuardedProject,
  review,
} from '../../support/guarded.js'
import { useSlipway } from '../../support/slipway.js'
import { letTimePass } from '../../support/time-travel.js'

const slipway = useSlipway()
const ROUNDS = 200
const AT_ONCE = 10
const LONGEST_STEP_MS = 200
const HOUR_MS = 3_600_000

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

type Turn = 'one' | 'other'

/**
 * Two things that are done at the same time, again and again. Who comes first gives the other a lead, which grows until
 * that comes first: so both orders are seen, however long either takes on a machine.
 */
class Race {
  readonly seen: Record<Turn, number> = { one: 0, other: 0 }
  private leadMs = 0
  private stepMs = 1
  private last: Turn | undefined

  run<A, B>(one: () => Promise<A>, other: () => Promise<B>): Promise<[A, B]> {
    const lead = this.leadMs + Math.random() * 6 - 3
    return Promise.all([sleep(Math.max(0, -lead)).then(one), sleep(Math.max(0, lead)).then(other)])
  }

  /** Which of the two came first. */
  won(turn: Turn): void {
    this.seen[turn] += 1
    this.stepMs = turn === this.last ? Math.min(this.stepMs * 1.5, LONGEST_STEP_MS) : 1
    this.leadMs += turn === 'one' ? -this.stepMs : this.stepMs
    this.last = turn
  }
}

test('the last approval and a freeze: it starts before the freeze, or not at all', async () => {
  const race = new Race()
  await rounds(['v1-rc1'], { approval: { requiredApprovals: 1 } }, async (environment, project) => {
    const { body } = await environment.deploy('v1-rc1')
    const ann = slipway.as({ subject: 'ann', role: 'approver' })
    const [, id] = await race.run(
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
      race.won('other')
      expect(waitingFor.map(({ gate }) => gate)).toEqual(['FREEZE'])
    } else {
      race.won('one')
      expect(Date.parse(admittedAt)).toBeLessThanOrEqual(Date.parse(node.startsAt))
    }
  })
  // Both happen, or it would be no race.
  expect(Math.min(race.seen.one, race.seen.other)).toBeGreaterThan(0)
})

test('a rollback and the report of a success: as if one had come after the other', async () => {
  const race = new Race()
  await rounds(['v1-rc1', 'v1-rc2'], {}, async environment => {
    await environment.report('v1-rc1', 'success')
    await environment.report('v1-rc2', 'in_progress')
    const [rollback, report] = await race.run(
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
      race.won('other')
      expect(told).toEqual(['v1-rc1 SUCCESS', 'v1-rc2 SUCCESS', back])
    } else {
      race.won('one')
      expect(told).toEqual(['v1-rc1 SUCCESS', 'v1-rc2 CANCELED', back, 'v1-rc2 SUCCESS'])
    }
  })
  expect(Math.min(race.seen.one, race.seen.other)).toBeGreaterThan(0)
})

test('two rollbacks at once go back one step, and both are told of the same one', async () => {
  await rounds(['v1-rc1', 'v1-rc2', 'v1-rc3'], {}, async environment => {
    for (const version of ['v1-rc1', 'v1-rc2', 'v1-rc3']) await environment.report(version, 'success')
    const [one, other] = await new Race().run(
      () => environment.rollBack(),
      () => environment.rollBack(),
    )
    expect([one.status, other.status].toSorted()).toEqual([200, 201])
    expect(one.body.id).toBe(other.body.id)
    expect(one.body.release_candidate_version).toBe('v1-rc2')
    expect(await environment.deployments()).toHaveLength(4)
  })
})

test('successes everywhere at once wake one another, and nothing stands in the way of anything', async () => {
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

test('a freeze that ends while the worker restarts: what it held back starts, once, and not before', async () => {
  const ann = slipway.as({ subject: 'ann', role: 'approver' })
  const log = pino({ level: 'fatal' })
  const start = () => startJobs(slipway.services, slipway.databaseUrl, log)
  const project = await createGuardedProject(slipway, 'v1-rc1')
  let worker = await start()
  for (let round = 0; round < ROUNDS / AT_ONCE; round += 1) {
    const begun = Date.now()
    const held = await Promise.all(
      Array.from({ length: AT_ONCE }, async (_, number) => {
        const gates = { approval: { requiredApprovals: 1 } }
        const environment = await project.createEnvironment(`env-${round}-${number}`, { gates })
        const { body } = await environment.deploy('v1-rc1')
        const endsAt = new Date(begun + HOUR_MS + Math.random() * 400).toISOString()
        const id = await freeze(slipway.as(), { project: project.name, environments: [environment.name], endsAt })
        await review(ann, 'approve', body.id)
        expect((await environment.newest()).waitingFor.map(({ gate }) => gate)).toEqual(['FREEZE'])
        return { environment, freezeId: fromGlobalId(id)?.key ?? '' }
      }),
    )
    // The first of them ends soon.
    await letTimePass(slipway.databaseUrl, begun + HOUR_MS - Date.now() - 300)
    await sleep(Math.random() * 500)
    await worker.stop()
    await sleep(Math.random() * 300)
    worker = await start()
    for (const { environment, freezeId } of held) {
      await expect.poll(async () => (await environment.newest()).admittedAt).not.toBeNull()
      const { admittedAt, waitingFor } = await environment.newest()
      const { endsAt } = await slipway.database.freeze.findUniqueOrThrow({ where: { id: freezeId } })
      expect(Date.parse(admittedAt ?? '')).toBeGreaterThanOrEqual(endsAt?.getTime() ?? Number.POSITIVE_INFINITY)
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
