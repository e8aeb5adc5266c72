import { describe, expect, test } from 'vitest'
import { createGuardedProject, freeze, type GuardedEnvironment, review } from '../../support/guarded.js'
import { useSlipway } from '../../support/slipway.js'
import { letTimePass } from '../../support/time-travel.js'

const slipway = useSlipway({ worker: true })
const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS

const approver = (subject: string) => slipway.as({ subject, role: 'approver' })

/** What the deployments of an environment have come to, oldest first. */
async function statuses(environment: GuardedEnvironment): Promise<string[]> {
  const deployments = await environment.deployments()
  return deployments.map(
    ({ candidate, status, admittedAt }) =>
      `${candidate.version} ${status === 'PENDING' && admittedAt === null ? 'WAITS' : status}`,
  )
}

describe('an approval gate', () => {
  test('holds a deployment back until as many people as it takes have approved of it', async () => {
    const project = await createGuardedProject(slipway, 'v1-rc1')
    const production = await project.createEnvironment('production', {
      gates: { approval: { requiredApprovals: 2 } },
    })
    const { body } = await production.deploy('v1-rc1')
    expect(await production.newest()).toMatchObject({
      status: 'PENDING',
      admittedAt: null,
      waitingFor: [
        {
          gate: 'APPROVAL',
          message: '0 of 2 approvals are there.',
          resolution: 'Anybody with the role approver, but not who asked for it.',
          opensAt: null,
        },
      ],
    })
    await review(approver('ann'), 'approve', body.id)
    await review(approver('ann'), 'approve', body.id)
    expect((await production.newest()).waitingFor).toMatchObject([{ message: '1 of 2 approvals are there, by ann.' }])
    await review(approver('bob'), 'approve', body.id)
    expect(await production.newest()).toMatchObject({ admittedAt: expect.any(String), waitingFor: [] })
  })

  test('takes no approval of who asked for the deployment, nor of who is not on its list', async () => {
    const project = await createGuardedProject(slipway, 'v1-rc1')
    const production = await project.createEnvironment('production', {
      gates: { approval: { requiredApprovals: 1, approvers: ['ann', 'carl'] } },
    })
    const { body } = await production.deployAs(approver('ann'), 'v1-rc1')
    for (const subject of ['ann', 'bob']) {
      const { errors } = await review(approver(subject), 'approve', body.id)
      expect(errors).toMatchObject([{ extensions: { reason: 'FORBIDDEN' } }])
    }
    const { errors } = await review(slipway.as({ subject: 'carl', role: 'deployer' }), 'approve', body.id)
    expect(errors).toMatchObject([{ extensions: { reason: 'FORBIDDEN' } }])
    expect(await statuses(production)).toEqual(['v1-rc1 WAITS'])
    await review(approver('carl'), 'approve', body.id)
    expect(await statuses(production)).toEqual(['v1-rc1 PENDING'])
  })

  test('counts an approval for the candidate and the environment, and for nothing else', async () => {
    const project = await createGuardedProject(slipway, 'v1-rc1', 'v1-rc2')
    const gates = { approval: { requiredApprovals: 1 } }
    const production = await project.createEnvironment('production', { gates })
    const canary = await project.createEnvironment('canary', { gates })
    const { body } = await production.deploy('v1-rc1')
    await review(approver('ann'), 'approve', body.id)
    await production.report('v1-rc1', 'failure')
    await production.deploy('v1-rc1')
    await production.deploy('v1-rc2')
    await canary.deploy('v1-rc1')
    expect(await statuses(production)).toEqual(['v1-rc1 FAILURE', 'v1-rc1 PENDING', 'v1-rc2 WAITS'])
    expect(await statuses(canary)).toEqual(['v1-rc1 WAITS'])
  })

  test('lets everything through that waits for the same approval', async () => {
    const project = await createGuardedProject(slipway, 'v1-rc1')
    const production = await project.createEnvironment('production', { gates: { approval: { requiredApprovals: 1 } } })
    const { body } = await production.deploy('v1-rc1')
    await production.deploy('v1-rc1')
    await review(approver('ann'), 'approve', body.id)
    expect(await statuses(production)).toEqual(['v1-rc1 PENDING', 'v1-rc1 PENDING'])
  })

  test('forgets what was approved of a candidate that is rejected', async () => {
    const project = await createGuardedProject(slipway, 'v1-rc1')
    const production = await project.createEnvironment('production', {
      gates: { approval: { requiredApprovals: 2 } },
    })
    const { body } = await production.deploy('v1-rc1')
    await review(approver('ann'), 'approve', body.id)
    await review(approver('bob'), 'reject', body.id, 'It breaks the cart')
    expect(await production.newest()).toMatchObject({
      status: 'CANCELED',
      errorMessage: 'Rejected by bob: It breaks the cart',
    })
    await production.deploy('v1-rc1')
    expect((await production.newest()).waitingFor).toMatchObject([{ message: '0 of 2 approvals are there.' }])
    const { errors } = await review(approver('ann'), 'approve', body.id)
    expect(errors).toMatchObject([{ extensions: { reason: 'NOT_WAITING' } }])
  })
})

describe('a promotion gate', () => {
  test('opens with the success elsewhere, and after the time that the candidate must have been there', async () => {
    const project = await createGuardedProject(slipway, 'v1-rc1', 'v1-rc2')
    const staging = await project.createEnvironment('staging', {}, 'STAGING')
    const production = await project.createEnvironment('production', {
      gates: { promotion: { environments: ['staging'], soakMinutes: 30 } },
    })
    await production.deploy('v1-rc1')
    expect((await production.newest()).waitingFor).toMatchObject([
      { gate: 'PROMOTION', message: 'It has not succeeded in staging yet.', opensAt: null },
    ])
    const { body } = await staging.report('v1-rc1', 'success')
    const opensAt = new Date(Date.parse(body.deploy_end_at ?? '') + 30 * MINUTE_MS).toISOString()
    expect((await production.newest()).waitingFor).toMatchObject([{ gate: 'PROMOTION', opensAt }])
    // The job that its success has had done must have looked by then.
    await expect.poll(() => nextLook(production)).toEqual(opensAt)
    await letTimePass(slipway.databaseUrl, 30 * MINUTE_MS)
    await expect.poll(() => statuses(production)).toEqual(['v1-rc1 PENDING'])
  })

  test('is closed by a rollback of the success', async () => {
    const project = await createGuardedProject(slipway, 'v1-rc1', 'v1-rc2')
    const staging = await project.createEnvironment('staging', {}, 'STAGING')
    const production = await project.createEnvironment('production', {
      gates: { promotion: { environments: ['staging'] } },
    })
    await staging.report('v1-rc1', 'success')
    await staging.report('v1-rc2', 'success')
    expect(await production.canDeploy('v1-rc2')).toMatchObject({ allowed: true, state: 'OPEN' })
    expect(await staging.rollBack()).toMatchObject({ status: 201 })
    expect(await production.canDeploy('v1-rc2')).toMatchObject({ allowed: false, state: 'CLOSED' })
  })
})

async function nextLook({ name }: GuardedEnvironment): Promise<string | undefined> {
  const newest = await slipway.database.environment.findFirst({ where: { name }, orderBy: { id: 'desc' } })
  return newest?.nextLookAt?.toISOString()
}

describe('a lane', () => {
  test('REJECT refuses while another deployment is active, with a sentence that names it', async () => {
    const project = await createGuardedProject(slipway, 'v1-rc1', 'v1-rc2')
    const production = await project.createEnvironment('production', { gates: { lane: 'REJECT' } })
    await production.deploy('v1-rc1')
    expect(await production.deploy('v1-rc2')).toMatchObject({
      status: 409,
      body: {
        error: 'Lane REJECT: deployment 1 (v1-rc1) is active; it may pass when that has ended.',
        code: 'LANE_OCCUPIED',
      },
    })
    await production.report('v1-rc1', 'success')
    expect((await production.deploy('v1-rc2')).status).toBe(201)
  })

  test('QUEUE starts what waits one after the other, oldest first', async () => {
    const project = await createGuardedProject(slipway, 'v1-rc1', 'v1-rc2', 'v1-rc3')
    const production = await project.createEnvironment('production', { gates: { lane: 'QUEUE' } })
    for (const version of ['v1-rc1', 'v1-rc2', 'v1-rc3']) await production.deploy(version)
    expect(await statuses(production)).toEqual(['v1-rc1 PENDING', 'v1-rc2 WAITS', 'v1-rc3 WAITS'])
    await production.report('v1-rc1', 'failure')
    await expect.poll(() => statuses(production)).toEqual(['v1-rc1 FAILURE', 'v1-rc2 PENDING', 'v1-rc3 WAITS'])
    await production.report('v1-rc2', 'success')
    await expect.poll(() => statuses(production)).toEqual(['v1-rc1 FAILURE', 'v1-rc2 SUCCESS', 'v1-rc3 PENDING'])
  })

  test('SUPERSEDE cancels what waits when something newer comes, and says by which', async () => {
    const project = await createGuardedProject(slipway, 'v1-rc1', 'v1-rc2', 'v1-rc3')
    const production = await project.createEnvironment('production', { gates: { lane: 'SUPERSEDE' } })
    for (const version of ['v1-rc1', 'v1-rc2', 'v1-rc3']) await production.deploy(version)
    expect(await statuses(production)).toEqual(['v1-rc1 PENDING', 'v1-rc2 CANCELED', 'v1-rc3 WAITS'])
    const [, superseded] = await production.deployments()
    expect(superseded).toMatchObject({ errorMessage: 'Superseded by v1-rc3 (deployment 3)' })
    await production.report('v1-rc1', 'success')
    await expect.poll(() => statuses(production)).toEqual(['v1-rc1 SUCCESS', 'v1-rc2 CANCELED', 'v1-rc3 PENDING'])
  })

  test('is not held by a deployment that waits for approval, for days', async () => {
    const versions = ['v1-rc1', 'v1-rc2', 'v1-rc3', 'v1-rc4', 'v1-rc5', 'v1-rc6']
    const project = await createGuardedProject(slipway, ...versions)
    const production = await project.createEnvironment('production', {
      gates: { lane: 'QUEUE', approval: { requiredApprovals: 1 } },
    })
    const { body: first } = await production.deploy('v1-rc1')
    for (const version of versions.slice(1)) {
      await letTimePass(slipway.databaseUrl, (3 * DAY_MS) / 5)
      const { body } = await production.deploy(version)
      await review(approver('ann'), 'approve', body.id)
      await production.report(version, 'in_progress')
      await production.report(version, 'success')
    }
    const passed = versions.slice(1).map(version => `${version} SUCCESS`)
    expect(await statuses(production)).toEqual(['v1-rc1 WAITS', ...passed])
    await review(approver('ann'), 'approve', first.id)
    expect(await statuses(production)).toEqual(['v1-rc1 PENDING', ...passed])
    expect(await production.current()).toBe('v1-rc6')
  })
})

describe('what waits', () => {
  test('is canceled when it has waited for too long', async () => {
    const project = await createGuardedProject(slipway, 'v1-rc1')
    const production = await project.createEnvironment('production', {
      gates: { approval: { requiredApprovals: 1 }, expiresAfterHours: 48 },
    })
    await production.deploy('v1-rc1')
    await letTimePass(slipway.databaseUrl, 2 * DAY_MS)
    await expect.poll(() => statuses(production)).toEqual(['v1-rc1 CANCELED'])
    expect((await production.newest()).errorMessage).toBe('It expired: its gates had not opened after 48 hours')
  })

  test('is judged by every gate again when one opens: a freeze that came meanwhile holds it', async () => {
    const project = await createGuardedProject(slipway, 'v1-rc1')
    const production = await project.createEnvironment('production', {
      gates: { approval: { requiredApprovals: 1 } },
    })
    const { body } = await production.deploy('v1-rc1')
    const endsAt = new Date(Date.now() + 60 * MINUTE_MS).toISOString()
    await freeze(approver('bob'), { project: project.name, endsAt })
    await review(approver('ann'), 'approve', body.id)
    expect(await production.newest()).toMatchObject({
      admittedAt: null,
      waitingFor: [{ gate: 'FREEZE', message: `It is frozen until ${endsAt}: Holidays (bob)`, opensAt: endsAt }],
    })
    await letTimePass(slipway.databaseUrl, 60 * MINUTE_MS)
    await expect.poll(() => statuses(production)).toEqual(['v1-rc1 PENDING'])
  })

  test('goes on when its gate is taken away', async () => {
    const project = await createGuardedProject(slipway, 'v1-rc1')
    const production = await project.createEnvironment('production', {
      gates: { approval: { requiredApprovals: 1 } },
    })
    await production.deploy('v1-rc1')
    await production.guard({ gates: { approval: null } })
    await expect.poll(() => statuses(production)).toEqual(['v1-rc1 PENDING'])
  })

  test('can be canceled, and is taken at its word when its pipeline reports all the same', async () => {
    const project = await createGuardedProject(slipway, 'v1-rc1', 'v1-rc2')
    const production = await project.createEnvironment('production', {
      gates: { approval: { requiredApprovals: 1 } },
    })
    const { body } = await production.deploy('v1-rc1')
    await slipway
      .as()
      .query('mutation ($id: ID!) { cancelDeployment(input: { deployment: $id }) { deployment { id } } }', {
        id: body.id,
      })
    await production.deploy('v1-rc2')
    await production.report('v1-rc2', 'success')
    expect(await statuses(production)).toEqual(['v1-rc1 CANCELED', 'v1-rc2 SUCCESS'])
    const { waitingDeployments } = await slipway.database.environment.findFirstOrThrow({
      where: { name: 'production', project: { name: project.name } },
    })
    expect(waitingDeployments).toBe(0)
  })

  test('is not what a report speaks of while the same candidate is on its way', async () => {
    const project = await createGuardedProject(slipway, 'v1-rc1')
    const production = await project.createEnvironment('production', { gates: { lane: 'QUEUE' } })
    await production.deploy('v1-rc1')
    await production.deploy('v1-rc1')
    await production.report('v1-rc1', 'in_progress')
    expect(await statuses(production)).toEqual(['v1-rc1 IN_PROGRESS', 'v1-rc1 WAITS'])
    await production.report('v1-rc1', 'success')
    await expect.poll(() => statuses(production)).toEqual(['v1-rc1 SUCCESS', 'v1-rc1 PENDING'])
  })

  test('tells of a candidate that is older than what runs', async () => {
    const project = await createGuardedProject(slipway, 'v1-rc1', 'v1-rc2')
    const production = await project.createEnvironment('production')
    await production.report('v1-rc2', 'success')
    const { body } = await production.deploy('v1-rc1')
    const { node } = await slipway
      .as()
      .query<{ node: object }>('query ($id: ID!) { node(id: $id) { ... on Deployment { downgrade } } }', {
        id: body.id,
      })
    expect(node).toEqual({ downgrade: true })
    expect(await production.canDeploy('v1-rc1')).toMatchObject({ downgrade: true })
    expect(await production.canDeploy('v1-rc2')).toMatchObject({ downgrade: false })
    expect(await production.canDeploy('v9-rc9')).toBeNull()
  })
})
