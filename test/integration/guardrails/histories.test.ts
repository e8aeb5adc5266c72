import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fromGlobalId } from '../../../src/core/global-id.js'
import { createGuardedProject, freeze, type GuardedEnvironment, liftFreeze, review } from '../../support/guarded.js'
import { useSlipway } from '../../support/slipway.js'
import { letTimePass, settled } from '../../support/time-travel.js'

const slipway = useSlipway({ worker: true })
const MINUTE_MS = 60_000
const VERSIONS = ['v1-rc1', 'v1-rc2', 'v1-rc3', 'v1-rc4']
const PEOPLE = ['ann', 'bob', 'carl']

const guardrails = fc.record({
  lane: fc.constantFrom('QUEUE', 'QUEUE', 'REJECT', 'SUPERSEDE', 'ALLOW'),
  requiredApprovals: fc.constantFrom(0, 0, 1, 1, 2),
  soakMinutes: fc.constantFrom(null, null, 0, 20),
  expiresAfterHours: fc.constantFrom(null, 1),
  rollBackOnFailure: fc.boolean(),
  quarantineOnRollback: fc.boolean(),
})

const person = fc.constantFrom(...PEOPLE)
const version = fc.constantFrom(...VERSIONS)
const place = fc.nat({ max: 9 })
const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ act: fc.constant('deploy' as const), version, person, force: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ act: fc.constant('approve' as const), place, person }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('reject' as const), place, person }) },
  {
    weight: 4,
    arbitrary: fc.record({
      act: fc.constant('report' as const),
      status: fc.constantFrom('in_progress', 'success', 'success', 'failure', 'error'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ act: fc.constant('succeedOnStaging' as const), version }) },
  {
    weight: 2,
    arbitrary: fc.record({
      act: fc.constant('freeze' as const),
      startsIn: fc.constantFrom(0, 10),
      minutes: fc.constantFrom(10, 30),
    }),
  },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('lift' as const), place }) },
  { weight: 2, arbitrary: fc.record({ act: fc.constant('wait' as const), minutes: fc.constantFrom(10, 20, 70) }) },
  { weight: 2, arbitrary: fc.record({ act: fc.constant('rollBack' as const), force: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('quarantine' as const), version, isOn: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('cancel' as const), place }) },
)

test('whatever happens in whatever order, the gates hold and nothing stands still', {
  timeout: 1_800_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(guardrails, fc.array(step, { minLength: 8, maxLength: 25 }), async (chosen, steps) => {
      const scene = await openScene(chosen)
      for (const next of steps) {
        await scene.take(next)
        await settled(slipway.databaseUrl)
        await scene.check()
      }
      // In the end every gate that opens by itself has opened.
      await letTimePass(slipway.databaseUrl, 45 * MINUTE_MS)
      await settled(slipway.databaseUrl)
      await scene.check()
    }),
    // A history is long enough to be read; to look for a shorter one would take minutes.
    { numRuns: Number(process.env['HISTORIES'] ?? 80), endOnFailure: true },
  )
})

type Guardrails = typeof guardrails extends fc.Arbitrary<infer Chosen> ? Chosen : never
type Step = typeof step extends fc.Arbitrary<infer Some> ? Some : never

async function openScene(chosen: Guardrails) {
  const { lane, requiredApprovals, soakMinutes, expiresAfterHours, rollBackOnFailure, quarantineOnRollback } = chosen
  const project = await createGuardedProject(slipway, ...VERSIONS)
  const staging = await project.createEnvironment('staging', {}, 'STAGING')
  const production = await project.createEnvironment('production', {
    gates: {
      lane,
      approval: requiredApprovals === 0 ? null : { requiredApprovals },
      promotion: soakMinutes === null ? null : { environments: ['staging'], soakMinutes },
      expiresAfterHours,
    },
    automation: { rollBackOnFailure, quarantineOnRollback },
  })
  const admin = slipway.as()
  const as = (subject: string) => slipway.as({ subject, role: 'approver' })
  const freezes: string[] = []
  const pick = <Item>(items: readonly Item[], index: number): Item | undefined =>
    items[index % Math.max(items.length, 1)]
  const waiting = async () => (await production.deployments()).filter(isWaiting)

  const take = async (next: Step): Promise<void> => {
    switch (next.act) {
      case 'deploy': {
        const forced = next.force ? { force: true, reason: 'It must' } : {}
        const { status } = await production.deployAs(as(next.person), next.version, forced)
        expect([201, 400, 409]).toContain(status)
        return
      }
      case 'approve':
      case 'reject': {
        const deployment = pick(await waiting(), next.place)
        if (deployment !== undefined) await review(as(next.person), next.act, deployment.id)
        return
      }
      case 'report': {
        // Only of what was started, so that every deployment there was asked for.
        const active = (await production.deployments()).find(one => isActive(one.status) && one.admittedAt !== null)
        if (active === undefined) return
        await production.report(active.candidate.version, next.status)
        return
      }
      case 'succeedOnStaging':
        await staging.report(next.version, 'success')
        return
      case 'freeze': {
        const startsAt = next.startsIn === 0 ? null : new Date(Date.now() + next.startsIn * MINUTE_MS)
        const endsAt = new Date(Date.now() + (next.startsIn + next.minutes) * MINUTE_MS)
        freezes.push(await freeze(admin, { project: project.name, startsAt, endsAt }))
        return
      }
      case 'lift': {
        const id = pick(freezes, next.place)
        if (id !== undefined) await liftFreeze(admin, id)
        return
      }
      case 'wait':
        await letTimePass(slipway.databaseUrl, next.minutes * MINUTE_MS)
        return
      case 'rollBack': {
        const { status } = await production.rollBack(next.force ? { force: true } : {})
        expect([200, 201, 400, 404]).toContain(status)
        return
      }
      case 'quarantine': {
        const name = next.isOn ? 'quarantineCandidate' : 'releaseFromQuarantine'
        await admin.query(`mutation ($input: QuarantineInput!) { ${name}(input: $input) { candidate { id } } }`, {
          input: { project: project.name, candidateVersion: next.version, reason: 'It may leak' },
        })
        return
      }
      case 'cancel': {
        const deployment = pick(await waiting(), next.place)
        if (deployment === undefined) return
        const input = { deployment: deployment.id }
        await admin.query(
          'mutation ($input: DeploymentInput!) { cancelDeployment(input: $input) { deployment { id } } }',
          { input },
        )
      }
    }
  }
  return { take, check: () => check(production, chosen) }
}

const isActive = (status: string) => ['PENDING', 'IN_PROGRESS', 'CANCELING', 'UNKNOWN'].includes(status)
const isWaiting = ({ status, admittedAt }: { status: string; admittedAt: string | null }) =>
  status === 'PENDING' && admittedAt === null

async function check(production: GuardedEnvironment, { lane, requiredApprovals }: Guardrails): Promise<void> {
  const environmentId = fromGlobalId(production.id)?.key ?? ''
  const rows = await slipway.database.deployment.findMany({ where: { environmentId }, orderBy: { number: 'asc' } })
  // What a pipeline has begun by itself is known from its report alone, and bound by nothing.
  const asked = await slipway.database.auditEvent.findMany({
    where: {
      subjectId: { in: rows.map(({ id }) => id) },
      action: { in: ['deployment.create', 'environment.rollback'] },
    },
  })
  const isAsked = new Set(asked.map(({ subjectId }) => subjectId))
  const admitted = rows.flatMap(row =>
    row.admittedAt === null || !isAsked.has(row.id) ? [] : [{ ...row, admittedAt: row.admittedAt }],
  )

  // Never two active in a lane for one.
  const ordered = admitted.toSorted((a, b) => a.admittedAt.getTime() - b.admittedAt.getTime())
  for (const [index, row] of ordered.entries()) {
    const next = ordered[index + 1]
    if (next === undefined || lane === 'ALLOW') continue
    expect(row.finishedAt, `deployment ${row.number} had ended when ${next.number} started`).not.toBeNull()
    expect(row.finishedAt?.getTime()).toBeLessThanOrEqual(next.admittedAt.getTime())
  }

  const [freezes, reviews, environment] = await Promise.all([
    slipway.database.freeze.findMany({ where: { projectId: rows[0]?.projectId ?? null } }),
    slipway.database.deploymentReview.findMany({ where: { environmentId } }),
    slipway.database.environment.findUniqueOrThrow({ where: { id: environmentId } }),
  ])
  for (const { admittedAt, isForced, number, kind, candidateId, actor, isAutomatic } of admitted) {
    // Never a start inside a freeze.
    const binding = freezes.filter(
      ({ startsAt, endsAt, createdAt, liftedAt }) =>
        createdAt <= admittedAt &&
        startsAt <= admittedAt &&
        (endsAt === null || endsAt > admittedAt) &&
        (liftedAt === null || liftedAt > admittedAt),
    )
    if (!isForced) expect(binding, `deployment ${number} started in a freeze`).toEqual([])
    // Never a start without the approvals.
    if (kind === 'ROLLBACK') continue
    const approvers = reviews.filter(
      ({ verdict, at, withdrawnAt, candidateId: approved, actor: approver }) =>
        verdict === 'APPROVED' &&
        approved === candidateId &&
        at <= admittedAt &&
        (withdrawnAt === null || withdrawnAt > admittedAt) &&
        (isAutomatic || approver !== actor),
    )
    expect(new Set(approvers.map(({ actor: approver }) => approver)).size).toBeGreaterThanOrEqual(requiredApprovals)
  }

  // Nothing stands still while its gates are open, and what waits is counted.
  const waiting = (await production.deployments()).filter(isWaiting)
  for (const { waitingFor, number } of waiting) expect(waitingFor, `deployment ${number} stands still`).not.toEqual([])
  expect(environment.waitingDeployments).toBe(waiting.length)

  // Never two automatic rollbacks of one failure, and none of a rollback.
  const undone = rows.filter(row => row.kind === 'ROLLBACK' && row.isAutomatic).map(({ undoesId }) => undoesId)
  expect(new Set(undone).size).toBe(undone.length)
  for (const id of undone) expect(rows.find(row => row.id === id)?.kind).toBe('DEPLOYMENT')
}
