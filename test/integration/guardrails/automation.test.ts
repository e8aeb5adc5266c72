import { describe, expect, test } from 'vitest'
import { createGuardedProject, freeze, type GuardedEnvironment, liftFreeze, review } from '../../support/guarded.js'
import { useSlipway } from '../../support/slipway.js'
import { settled } from '../../support/time-travel.js'

const slipway = useSlipway({ worker: true })

const told = async (environment: GuardedEnvironment) =>
  (await environment.deployments()).map(
    ({ candidate, kind, status, admittedAt, isAutomatic }) =>
      `${kind === 'ROLLBACK' ? 'back to ' : ''}${candidate.version} ${
        status === 'PENDING' && admittedAt === null ? 'WAITS' : status
      }${isAutomatic ? ' by itself' : ''}`,
  )

const resume = (environment: string, project: string) =>
  slipway
    .as({ subject: 'ann', role: 'approver' })
    .query('mutation ($input: ResumeEnvironmentInput!) { resumeEnvironment(input: $input) { environment { id } } }', {
      input: { project, environment },
    })

async function holdOf(environment: GuardedEnvironment) {
  const { node } = await slipway
    .as()
    .query<{ node: { hold: { reason: string } | null } }>(
      'query ($id: ID!) { node(id: $id) { ... on Environment { hold { reason } } } }',
      { id: environment.id },
    )
  return node.hold
}

const settle = () => settled(slipway.databaseUrl)

describe('automatic rollback', () => {
  const automation = { rollBackOnFailure: true }

  test.each(['failure', 'error'])('undoes a %s once, and holds automation', async status => {
    const project = await createGuardedProject(slipway, 'v1-rc1', 'v1-rc2')
    const production = await project.createEnvironment('production', { automation })
    await production.report('v1-rc1', 'success')
    await production.report('v1-rc2', status, { error_message: 'Health check failed' })
    const failed = `v1-rc2 ${status.toUpperCase()}`
    await expect.poll(() => told(production)).toEqual(['v1-rc1 SUCCESS', failed, 'back to v1-rc1 PENDING by itself'])
    const reason = `v1-rc2 (deployment 2) ended as ${status.toUpperCase()} and was rolled back`
    expect(await holdOf(production)).toEqual({ reason })
    // The rollback fails, too: that is for people to mend.
    await production.report('v1-rc1', 'failure')
    await settle()
    expect(await told(production)).toHaveLength(3)
    // Nor is the failure undone once more when it is told again, as something else.
    await production.report('v1-rc2', status === 'error' ? 'failure' : 'error')
    await settle()
    const rollbacks = (await production.deployments()).filter(({ undoes }) => undoes?.number === 2)
    expect(rollbacks).toHaveLength(1)
  })

  test('leaves alone what a person has taken in hand', async () => {
    const project = await createGuardedProject(slipway, 'v1-rc1', 'v1-rc2', 'v1-rc3')
    const production = await project.createEnvironment('production', { automation })
    await production.report('v1-rc1', 'success')
    await production.report('v1-rc2', 'in_progress')
    // A job that runs after the next deployment was asked for.
    await slipway.database.$executeRaw`
      UPDATE deployments SET status = 'FAILURE', finished_at = now()
      WHERE environment_id = (SELECT id FROM environments WHERE project_id = (SELECT id FROM projects WHERE name = ${project.name}))
        AND number = 2`
    await production.deploy('v1-rc3')
    await slipway.database.$executeRaw`
      SELECT graphile_worker.add_job('roll-back', json_build_object('deploymentId', id)) FROM deployments
      WHERE number = 2 AND project_id = (SELECT id FROM projects WHERE name = ${project.name})`
    await settle()
    expect(await told(production)).toEqual(['v1-rc1 SUCCESS', 'v1-rc2 FAILURE', 'v1-rc3 PENDING'])
    expect(await holdOf(production)).toBeNull()
  })

  test('has nothing to do where nothing ever succeeded, and waits for the end of a freeze', async () => {
    const project = await createGuardedProject(slipway, 'v1-rc1', 'v1-rc2')
    const production = await project.createEnvironment('production', { automation })
    await production.report('v1-rc1', 'failure')
    await settle()
    expect(await told(production)).toEqual(['v1-rc1 FAILURE'])
    await production.report('v1-rc1', 'success')
    await production.report('v1-rc2', 'in_progress')
    const id = await freeze(slipway.as(), { project: project.name })
    await production.report('v1-rc2', 'failure')
    await expect
      .poll(() => told(production))
      .toEqual(['v1-rc1 SUCCESS', 'v1-rc2 FAILURE', 'back to v1-rc1 WAITS by itself'])
    await liftFreeze(slipway.as(), id)
    await expect.poll(async () => (await told(production)).at(-1)).toBe('back to v1-rc1 PENDING by itself')
  })
})

describe('automatic deployment', () => {
  test('deploys what becomes ready, and what has succeeded elsewhere, through every gate', async () => {
    const project = await createGuardedProject(slipway)
    const staging = await project.createEnvironment('staging', { automation: { deployWhenReady: true } }, 'STAGING')
    const production = await project.createEnvironment('production', {
      automation: { deployAfterSuccessIn: ['staging'] },
      gates: { approval: { requiredApprovals: 1 } },
    })
    await project.cut('v1-rc1')
    await expect.poll(() => told(staging)).toEqual(['v1-rc1 PENDING by itself'])
    await staging.report('v1-rc1', 'success')
    await expect.poll(() => told(production)).toEqual(['v1-rc1 WAITS by itself'])
    const { id, actor } = await production.newest()
    expect(actor).toBe('slipway')
    await review(slipway.as({ subject: 'ann', role: 'approver' }), 'approve', id)
    expect(await told(production)).toEqual(['v1-rc1 PENDING by itself'])
  })

  test('waits for the end of a freeze, and for a lane that would refuse a person', async () => {
    const project = await createGuardedProject(slipway, 'v1-rc1')
    const production = await project.createEnvironment('production', {
      automation: { deployWhenReady: true },
      gates: { lane: 'REJECT' },
    })
    await production.report('v1-rc1', 'in_progress')
    const id = await freeze(slipway.as(), { project: project.name })
    await project.cut('v1-rc2')
    await expect.poll(() => told(production)).toEqual(['v1-rc1 IN_PROGRESS', 'v1-rc2 WAITS by itself'])
    expect((await production.newest()).waitingFor.map(({ gate }) => gate)).toEqual(['FREEZE', 'LANE'])
    await liftFreeze(slipway.as(), id)
    await settle()
    expect((await production.newest()).waitingFor.map(({ gate }) => gate)).toEqual(['LANE'])
    await production.report('v1-rc1', 'success')
    await expect.poll(async () => (await told(production)).at(-1)).toBe('v1-rc2 PENDING by itself')
  })

  test('deploys nothing again that was rolled back, nothing older than what runs, and nothing while it is held', async () => {
    const project = await createGuardedProject(slipway, 'v1-rc1')
    const staging = await project.createEnvironment('staging', {}, 'STAGING')
    const production = await project.createEnvironment('production', {
      automation: { deployAfterSuccessIn: ['staging'], rollBackOnFailure: true },
    })
    await production.report('v1-rc1', 'success')
    for (const version of ['v1-rc2', 'v1-rc3', 'v1-rc4', 'v1-rc5']) await project.cut(version)
    await staging.report('v1-rc3', 'success')
    await expect.poll(async () => (await told(production)).at(-1)).toBe('v1-rc3 PENDING by itself')
    await production.report('v1-rc3', 'failure')
    await expect.poll(async () => (await told(production)).at(-1)).toBe('back to v1-rc1 PENDING by itself')
    await production.report('v1-rc1', 'success')
    // The candidate that was rolled back succeeds on staging once more.
    await staging.report('v1-rc3', 'in_progress')
    await staging.report('v1-rc3', 'success')
    await settle()
    expect(await told(production)).toHaveLength(3)
    await staging.report('v1-rc4', 'success')
    await expect.poll(async () => (await told(production)).at(-1)).toBe('v1-rc4 WAITS by itself')
    expect((await production.newest()).waitingFor).toMatchObject([
      {
        gate: 'HOLD',
        message: 'Automation is held: v1-rc3 (deployment 2) ended as FAILURE and was rolled back',
        resolution: 'An approver, who resumes it with resumeEnvironment.',
      },
    ])
    await resume('production', project.name)
    await expect.poll(async () => (await told(production)).at(-1)).toBe('v1-rc4 PENDING by itself')
    await production.report('v1-rc4', 'success')
    await staging.report('v1-rc2', 'success')
    await settle()
    expect((await production.newest()).candidate.version).toBe('v1-rc4')
    expect(await holdOf(production)).toBeNull()
  })
})

describe('quarantine', () => {
  test('keeps a candidate from every environment until an approver releases it', async () => {
    const project = await createGuardedProject(slipway, 'v1-rc1')
    const production = await project.createEnvironment('production', { gates: { approval: { requiredApprovals: 1 } } })
    const { body } = await production.deploy('v1-rc1')
    const change = (name: string, role: 'deployer' | 'approver') =>
      slipway
        .as({ subject: 'ann', role })
        .graphql(
          `mutation ($input: QuarantineInput!) { ${name}(input: $input) { candidate { quarantine { actor reason } } } }`,
          { input: { project: project.name, candidateVersion: 'v1-rc1', reason: 'It leaks' } },
        )
    expect((await change('quarantineCandidate', 'deployer')).data).toEqual({
      quarantineCandidate: { candidate: { quarantine: { actor: 'ann', reason: 'It leaks' } } },
    })
    await review(slipway.as({ subject: 'bob', role: 'approver' }), 'approve', body.id)
    expect((await production.newest()).waitingFor.map(({ gate }) => gate)).toEqual(['QUARANTINE'])
    expect((await change('releaseFromQuarantine', 'deployer')).errors).toMatchObject([{ message: 'Forbidden' }])
    await change('releaseFromQuarantine', 'approver')
    await expect.poll(() => told(production)).toEqual(['v1-rc1 PENDING'])
    const actions = await slipway.database.auditEvent.findMany({
      where: { actor: 'ann', action: { startsWith: 'candidate.' } },
      orderBy: { id: 'asc' },
    })
    expect(actions.map(({ action }) => action)).toEqual(['candidate.quarantine', 'candidate.release'])
  })
})

describe('the configuration of guardrails', () => {
  test('is shown, and what is left out of a change stays', async () => {
    const project = await createGuardedProject(slipway)
    await project.createEnvironment('staging', {}, 'STAGING')
    const production = await project.createEnvironment('production', {
      gates: {
        promotion: { environments: ['staging'], soakMinutes: 5 },
        approval: { requiredApprovals: 2 },
        lane: 'QUEUE',
        expiresAfterHours: 24,
      },
      automation: { deployAfterSuccessIn: ['staging'], quarantineOnRollback: true },
    })
    await production.guard({ gates: { lane: null, approval: { requiredApprovals: 1, approvers: ['ann'] } } })
    const { node } = (await slipway.as().query(
      `query ($id: ID!) { node(id: $id) { ... on Environment {
        gates {
          promotion { environments { name } soakMinutes } approval { requiredApprovals approvers } lane expiresAfterHours
        }
        automation { deployWhenReady deployAfterSuccessIn { name } rollBackOnFailure quarantineOnRollback }
        hold { since } } } }`,
      { id: production.id },
    )) as { node: unknown }
    expect(node).toEqual({
      gates: {
        promotion: { environments: [{ name: 'staging' }], soakMinutes: 5 },
        approval: { requiredApprovals: 1, approvers: ['ann'] },
        lane: 'ALLOW',
        expiresAfterHours: 24,
      },
      automation: {
        deployWhenReady: false,
        deployAfterSuccessIn: [{ name: 'staging' }],
        rollBackOnFailure: false,
        quarantineOnRollback: true,
      },
      hold: null,
    })
  })

  test.each([
    [{ promotion: { environments: [] } }, 'gates.promotion.environments is empty'],
    [{ promotion: { environments: ['production'] } }, 'gates.promotion.environments names the environment itself'],
    [
      { promotion: { environments: ['nowhere'] } },
      'gates.promotion.environments names "nowhere", which is no environment of the project',
    ],
    [
      { promotion: { environments: ['staging'], soakMinutes: -1 } },
      'gates.promotion.soakMinutes must be from 0 to 525600',
    ],
    [{ promotion: { environments: ['canary'] } }, 'gates.promotion leads back to the environment itself'],
    [{ approval: { requiredApprovals: 0 } }, 'gates.approval.requiredApprovals must be from 1 to 20'],
    [
      { approval: { requiredApprovals: 2, approvers: ['ann', 'ann'] } },
      'gates.approval.approvers are fewer than requiredApprovals',
    ],
    [{ expiresAfterHours: 0 }, 'gates.expiresAfterHours must be from 1 to 8760'],
  ])('refuses %j', async (gates, message) => {
    const project = await createGuardedProject(slipway)
    await project.createEnvironment('staging', {}, 'STAGING')
    await project.createEnvironment('production')
    await project.createEnvironment('canary', { gates: { promotion: { environments: ['production'] } } })
    const { errors } = await slipway
      .as()
      .graphql(
        'mutation ($input: UpdateEnvironmentInput!) { updateEnvironment(input: $input) { environment { id } } }',
        { input: { project: project.name, environment: 'production', gates } },
      )
    expect(errors.map(error => error.message)).toEqual([message])
  })
})
