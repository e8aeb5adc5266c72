import { describe, expect, test } from 'vitest'
import { createGuardedProject, freeze, type GuardedEnvironment, review } from '../../support/guarded.js'
import { useSlipway } from '../../support/slipway.js'

const slipway = useSlipway({ worker: true })

async function seed(guardrails = {}, ...versions: string[]) {
  const project = await createGuardedProject(slipway, ...versions)
  const production = await project.createEnvironment('production', guardrails)
  return { project, production }
}

/** What the newest deployment of an environment undoes, and with what. */
async function newestRollback(environment: GuardedEnvironment) {
  const { kind, candidate, undoes, status } = await environment.newest()
  return { kind, version: candidate.version, undoes: undoes?.number ?? null, status }
}

describe('a rollback', () => {
  test('of a success goes back to what ran before it', async () => {
    const { project, production } = await seed({}, 'v1-rc1', 'v1-rc2')
    await production.report('v1-rc1', 'success')
    await production.report('v1-rc2', 'success')
    expect(await production.rollBack()).toMatchObject({
      status: 201,
      body: {
        project_name: project.name,
        environment_name: 'production',
        release_candidate_version: 'v1-rc1',
        from_release_candidate_version: 'v1-rc2',
        status: 'pending',
      },
    })
    expect(await newestRollback(production)).toEqual({
      kind: 'ROLLBACK',
      version: 'v1-rc1',
      undoes: 2,
      status: 'PENDING',
    })
  })

  test('needs no body', async () => {
    const { project, production } = await seed({}, 'v1-rc1', 'v1-rc2')
    await production.report('v1-rc1', 'success')
    await production.report('v1-rc2', 'success')
    const path = `/api/releases/${project.name}/environments/production/rollback`
    expect(await slipway.as().rest('POST', path)).toMatchObject({ status: 201 })
  })

  test('of a failure brings the last good candidate again', async () => {
    const { production } = await seed({}, 'v1-rc1', 'v1-rc2')
    await production.report('v1-rc1', 'success')
    await production.report('v1-rc2', 'failure')
    await production.rollBack()
    expect(await newestRollback(production)).toMatchObject({ version: 'v1-rc1', undoes: 2 })
  })

  test('cancels what is active first, and what waits, and says why', async () => {
    const { production } = await seed({ gates: { lane: 'QUEUE' } }, 'v1-rc1', 'v1-rc2', 'v1-rc3')
    await production.report('v1-rc1', 'success')
    await production.report('v1-rc2', 'in_progress')
    await production.deploy('v1-rc3')
    await production.rollBack()
    const [, running, waiting, rollback] = await production.deployments()
    const errorMessage = 'Canceled by a rollback to v1-rc1'
    expect(running).toMatchObject({ status: 'CANCELED', errorMessage })
    expect(waiting).toMatchObject({ status: 'CANCELED', errorMessage, admittedAt: null })
    expect(rollback).toMatchObject({ kind: 'ROLLBACK', candidate: { version: 'v1-rc1' }, undoes: { number: 2 } })
    expect(rollback?.admittedAt).not.toBeNull()
  })

  test('goes back further when it is repeated after it has succeeded, and never forth again', async () => {
    const { production } = await seed({}, 'v1-rc1', 'v1-rc2', 'v1-rc3')
    for (const version of ['v1-rc1', 'v1-rc2', 'v1-rc3']) await production.report(version, 'success')
    await production.rollBack()
    await production.report('v1-rc2', 'success')
    expect(await production.current()).toBe('v1-rc2')
    await production.rollBack()
    await production.report('v1-rc1', 'success')
    expect(await production.current()).toBe('v1-rc1')
    expect(await production.rollBack()).toMatchObject({
      status: 404,
      body: { error: 'No previous deployment to roll back from', code: 'NO_PREVIOUS_DEPLOYMENT' },
    })
  })

  test('that fails leaves to be undone what it was to undo', async () => {
    const { production } = await seed({}, 'v1-rc1', 'v1-rc2')
    await production.report('v1-rc1', 'success')
    await production.report('v1-rc2', 'success')
    await production.rollBack()
    await production.report('v1-rc1', 'failure')
    await production.rollBack()
    expect(await newestRollback(production)).toMatchObject({ version: 'v1-rc1', undoes: 2, status: 'PENDING' })
  })

  test('that is under way already is answered instead of another one', async () => {
    const { production } = await seed({}, 'v1-rc1', 'v1-rc2')
    await production.report('v1-rc1', 'success')
    await production.report('v1-rc2', 'success')
    const first = await production.rollBack()
    const second = await production.rollBack()
    expect(second).toMatchObject({ status: 200, body: { id: first.body.id } })
    expect(await production.deployments()).toHaveLength(3)
  })

  test('has nothing to go back to where nothing else ever succeeded', async () => {
    const { production } = await seed({}, 'v1-rc1')
    const refusal = { status: 404, body: { error: 'No previous deployment to roll back from' } }
    expect(await production.rollBack()).toMatchObject(refusal)
    await production.report('v1-rc1', 'success')
    expect(await production.rollBack()).toMatchObject(refusal)
  })

  test('skips what is in quarantine, and puts there what it undoes where that is set', async () => {
    const { project, production } = await seed(
      { automation: { quarantineOnRollback: true } },
      'v1-rc1',
      'v1-rc2',
      'v1-rc3',
    )
    for (const version of ['v1-rc1', 'v1-rc2', 'v1-rc3']) await production.report(version, 'success')
    await quarantine(project.name, 'v1-rc2')
    await production.rollBack({ reason: 'Prices are wrong' })
    expect(await newestRollback(production)).toMatchObject({ version: 'v1-rc1' })
    expect(await production.deploy('v1-rc3')).toMatchObject({
      status: 409,
      body: {
        code: 'CANDIDATE_QUARANTINED',
        error:
          'The candidate is in quarantine, where tester has put it: It was rolled back on production: Prices are wrong',
      },
    })
    expect(await runsOn(project.name, 'v1-rc3')).toEqual({
      quarantine: { actor: 'tester', reason: 'It was rolled back on production: Prices are wrong' },
      runsOn: [{ name: 'production' }],
    })
  })

  test('passes by promotion and approval, and takes approvals back of what it undoes', async () => {
    const { project, production } = await seed({}, 'v1-rc1', 'v1-rc2')
    await project.createEnvironment('staging', {}, 'STAGING')
    await production.report('v1-rc1', 'success')
    await production.guard({
      gates: { approval: { requiredApprovals: 1 }, promotion: { environments: ['staging'] } },
    })
    const { body } = await production.deploy('v1-rc2')
    await review(slipway.as({ subject: 'ann', role: 'approver' }), 'approve', body.id)
    await production.report('v1-rc2', 'success')
    await production.rollBack()
    const rollback = await production.newest()
    expect(rollback).toMatchObject({ kind: 'ROLLBACK', waitingFor: [] })
    expect(rollback.admittedAt).not.toBeNull()
    await production.report('v1-rc1', 'success')
    await production.deploy('v1-rc2')
    expect((await production.newest()).waitingFor.map(({ gate }) => gate)).toEqual(['PROMOTION', 'APPROVAL'])
  })

  test('is stopped by a freeze unless an approver forces it', async () => {
    const { project, production } = await seed({}, 'v1-rc1', 'v1-rc2')
    await production.report('v1-rc1', 'success')
    await production.report('v1-rc2', 'in_progress')
    await freeze(slipway.as(), { project: project.name, reason: 'Black Friday' })
    expect(await production.rollBack()).toMatchObject({
      status: 400,
      body: { error: 'Environment is frozen', details: 'It is frozen until it is lifted: Black Friday (tester)' },
    })
    // What was refused has changed nothing.
    expect((await production.deployments()).map(({ status }) => status)).toEqual(['SUCCESS', 'IN_PROGRESS'])
    const deployer = slipway.as({ subject: 'dan', role: 'deployer' })
    expect(await production.rollBack({ force: true }, deployer)).toMatchObject({ status: 403 })
    const approver = slipway.as({ subject: 'ann', role: 'approver' })
    expect(await production.rollBack({ force: true, reason: 'Carts are empty' }, approver)).toMatchObject({
      status: 201,
    })
    const [event] = await slipway.database.auditEvent.findMany({
      where: { action: 'environment.rollback', actor: 'ann' },
      orderBy: { id: 'desc' },
    })
    expect(event?.data).toEqual({
      environment: 'production',
      undoes: 2,
      candidateVersion: 'v1-rc1',
      forced: true,
      reason: 'Carts are empty',
    })
  })
})

async function quarantine(project: string, candidateVersion: string): Promise<void> {
  await slipway
    .as()
    .query('mutation ($input: QuarantineInput!) { quarantineCandidate(input: $input) { candidate { id } } }', {
      input: { project, candidateVersion, reason: 'It leaks' },
    })
}

async function runsOn(project: string, version: string): Promise<unknown> {
  const { project: found } = await slipway.as().query<{ project: { candidate: unknown } }>(
    `query ($project: String!, $version: String!) { project(name: $project) {
      candidate(version: $version) { quarantine { actor reason } runsOn { name } } } }`,
    { project, version },
  )
  return found.candidate
}
