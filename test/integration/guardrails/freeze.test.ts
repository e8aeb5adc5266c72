import { describe, expect, test } from 'vitest'
import { createGuardedProject, freeze, liftFreeze } from '../../support/guarded.js'
import { useSlipway } from '../../support/slipway.js'
import { letTimePass } from '../../support/time-travel.js'

const slipway = useSlipway({ worker: true })
const HOUR_MS = 3_600_000
const inHours = (hours: number) => new Date(Date.now() + hours * HOUR_MS).toISOString()

async function seed() {
  const project = await createGuardedProject(slipway, 'v1-rc1', 'v1-rc2')
  const production = await project.createEnvironment('production')
  const staging = await project.createEnvironment('staging', {}, 'STAGING')
  return { project, production, staging }
}

const create = (input: object, client = slipway.as()) =>
  client.graphql<{ createFreeze: { freeze: { id: string } } }>(
    'mutation ($input: CreateFreezeInput!) { createFreeze(input: $input) { freeze { id } } }',
    { input: { reason: 'Holidays', ...input } },
  )

describe('a freeze', () => {
  test('refuses what is asked for, and tells until when and why', async () => {
    const { project, production } = await seed()
    const endsAt = inHours(2)
    await freeze(slipway.as({ subject: 'ann', role: 'approver' }), { project: project.name, endsAt })
    expect(await production.deploy('v1-rc1')).toMatchObject({
      status: 400,
      body: {
        error: 'Environment is frozen',
        code: 'ENVIRONMENT_FROZEN',
        details: `It is frozen until ${endsAt}: Holidays (ann)`,
      },
    })
    expect(await production.deployments()).toEqual([])
  })

  test('binds the environments that it names, or the project, or everything', async () => {
    const { project, production, staging } = await seed()
    const other = await seed()
    const status = async () =>
      Promise.all(
        [production, staging, other.production].map(
          async environment => (await environment.canDeploy('v1-rc1'))?.state,
        ),
      )
    expect(await status()).toEqual(['OPEN', 'OPEN', 'OPEN'])
    const ofOne = await freeze(slipway.as(), { project: project.name, environments: ['production'] })
    expect(await status()).toEqual(['REFUSED', 'OPEN', 'OPEN'])
    await liftFreeze(slipway.as(), ofOne)
    const ofProject = await freeze(slipway.as(), { project: project.name })
    expect(await status()).toEqual(['REFUSED', 'REFUSED', 'OPEN'])
    await liftFreeze(slipway.as(), ofProject)
    const { emergencyStop } = await slipway
      .as()
      .query<{ emergencyStop: { freeze: { id: string } } }>(
        'mutation { emergencyStop(input: { reason: "Database is down" }) { freeze { id isEmergency endsAt } } }',
      )
    expect(emergencyStop.freeze).toMatchObject({ isEmergency: true, endsAt: null })
    expect(await status()).toEqual(['REFUSED', 'REFUSED', 'REFUSED'])
    await liftFreeze(slipway.as(), emergencyStop.freeze.id)
    expect(await status()).toEqual(['OPEN', 'OPEN', 'OPEN'])
  })

  test('lets through what an approver forces with a reason, and the audit says so', async () => {
    const { project, production } = await seed()
    await freeze(slipway.as(), { project: project.name })
    const ann = slipway.as({ subject: 'ann', role: 'approver' })
    const dan = slipway.as({ subject: 'dan', role: 'deployer' })
    expect(await production.deployAs(dan, 'v1-rc1', { force: true, reason: 'Fix' })).toMatchObject({ status: 403 })
    expect(await production.deployAs(ann, 'v1-rc1', { force: true })).toMatchObject({
      status: 400,
      body: { error: 'reason is missing' },
    })
    const { status, body } = await production.deployAs(ann, 'v1-rc1', { force: true, reason: 'Stops a leak' })
    expect(status).toBe(201)
    const [event] = await slipway.database.auditEvent.findMany({
      where: { action: 'deployment.create', actor: 'ann' },
      orderBy: { id: 'desc' },
    })
    expect(event?.data).toMatchObject({ forced: true, reason: 'Stops a leak', candidateVersion: 'v1-rc1' })
    expect(await production.newest()).toMatchObject({ id: body.id, isForced: true })
  })

  test('binds from its start to its end, and a report is taken all the same', async () => {
    const { project, production } = await seed()
    await freeze(slipway.as(), { project: project.name, startsAt: inHours(1), endsAt: inHours(3) })
    expect(await production.canDeploy('v1-rc1')).toMatchObject({ allowed: true })
    await letTimePass(slipway.databaseUrl, 2 * HOUR_MS)
    expect(await production.canDeploy('v1-rc1')).toMatchObject({ allowed: false, state: 'REFUSED' })
    expect(await production.report('v1-rc1', 'success')).toMatchObject({ status: 200 })
    await letTimePass(slipway.databaseUrl, HOUR_MS)
    expect(await production.canDeploy('v1-rc1')).toMatchObject({ allowed: true })
  })

  test('that recurs is shown with its windows, and one of them can be lifted alone', async () => {
    const { project, production } = await seed()
    // A window of two hours every day, in which it is now.
    const id = await freeze(slipway.as(), {
      project: project.name,
      startsAt: inHours(-25),
      rrule: 'FREQ=DAILY',
      duration: 'PT2H',
      timeZone: 'UTC',
    })
    const windows = async () => {
      const { node } = await slipway.as().query<{ node: Record<string, { startsAt: string; endsAt: string } | null> }>(
        `query ($id: ID!) { node(id: $id) { ... on Freeze {
          currentWindow { startsAt endsAt } nextWindow { startsAt endsAt } suspendedUntil } } }`,
        { id },
      )
      return node
    }
    const { currentWindow } = await windows()
    expect(Date.parse(currentWindow?.endsAt ?? '') - Date.parse(currentWindow?.startsAt ?? '')).toBe(2 * HOUR_MS)
    expect(await production.canDeploy('v1-rc1')).toMatchObject({ state: 'REFUSED' })
    await liftFreeze(slipway.as(), id, { onlyThisWindow: true })
    expect(await production.canDeploy('v1-rc1')).toMatchObject({ state: 'OPEN' })
    expect(await windows()).toMatchObject({ currentWindow: null, suspendedUntil: currentWindow?.endsAt })
    await letTimePass(slipway.databaseUrl, 24 * HOUR_MS)
    expect(await production.canDeploy('v1-rc1')).toMatchObject({ state: 'REFUSED' })
    await liftFreeze(slipway.as(), id)
    expect(await production.canDeploy('v1-rc1')).toMatchObject({ state: 'OPEN' })
  })

  test('is told by the environment and by the list of all that the token may see', async () => {
    const { project, production } = await seed()
    const other = await seed()
    await freeze(slipway.as(), { project: project.name, environments: ['production'], reason: 'Mine' })
    await freeze(slipway.as(), { project: other.project.name, reason: 'Theirs' })
    const limited = slipway.as({ role: 'viewer', projects: [project.name] })
    const { freezes, node } = await limited.query<{
      freezes: { nodes: { reason: string }[] }
      node: { freezes: { reason: string; environments: { name: string }[] }[] }
    }>(
      `query ($id: ID!) {
        freezes(open: true) { nodes { reason project { name } } }
        node(id: $id) { ... on Environment { freezes { reason environments { name } } } } }`,
      { id: production.id },
    )
    expect(freezes.nodes).toEqual([{ reason: 'Mine', project: { name: project.name } }])
    expect(node.freezes).toEqual([{ reason: 'Mine', environments: [{ name: 'production' }] }])
  })

  test.each([
    [{ reason: ' ' }, 'reason is missing'],
    [{ endsAt: inHours(-1) }, 'endsAt is over already'],
    [{ startsAt: inHours(3), endsAt: inHours(2) }, 'endsAt must be after startsAt'],
    [{ environments: ['nowhere'] }, 'Release environment not found'],
    [{ rrule: 'FREQ=DAILY' }, 'duration and timeZone missing: a recurring freeze needs rrule, duration and timeZone'],
    [
      { rrule: 'FREQ=DAILY', duration: '2 hours', timeZone: 'UTC' },
      'duration must be an ISO 8601 duration such as PT62H or P2DT14H, not "2 hours"',
    ],
    [
      { rrule: 'FREQ=DAILY', duration: 'PT2H', timeZone: 'Mars/Base' },
      'timeZone must be an IANA time zone such as Europe/Berlin, not "Mars/Base"',
    ],
    [
      { rrule: 'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30', duration: 'PT2H', timeZone: 'UTC' },
      'rrule never comes about in the 10 years after startsAt',
    ],
    [
      { rrule: 'FREQ=DAILY;UNTIL=20200101T000000Z', duration: 'PT2H', timeZone: 'UTC' },
      'rrule never comes about in the 10 years after startsAt',
    ],
  ])('of %j is refused', async (input, message) => {
    const { project } = await seed()
    const { errors } = await create({ project: project.name, ...input })
    expect(errors.map(error => error.message)).toEqual([message])
  })

  test('is for approvers, and of everything for those who may see everything', async () => {
    const { project } = await seed()
    const deployer = slipway.as({ role: 'deployer' })
    expect((await create({ project: project.name }, deployer)).errors).toMatchObject([{ message: 'Forbidden' }])
    const limited = slipway.as({ role: 'approver', projects: [project.name] })
    expect((await create({}, limited)).errors).toMatchObject([{ message: 'Forbidden' }])
    const { data } = await create({ project: project.name }, limited)
    const lift = 'mutation ($id: ID!) { liftFreeze(input: { freeze: $id }) { freeze { liftedBy } } }'
    const { id } = data.createFreeze.freeze
    expect((await deployer.graphql(lift, { id })).errors).toMatchObject([{ message: 'Forbidden' }])
    const stranger = slipway.as({ role: 'approver', projects: ['other'] })
    expect((await stranger.graphql(lift, { id })).errors).toMatchObject([{ message: 'Freeze not found' }])
    expect((await limited.graphql(lift, { id })).data).toEqual({ liftFreeze: { freeze: { liftedBy: 'tester' } } })
  })
})
