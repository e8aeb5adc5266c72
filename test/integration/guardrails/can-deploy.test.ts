import { expect, test } from 'vitest'
import { createGuardedProject, freeze, liftFreeze, review } from '../../support/guarded.js'
import { useSlipway } from '../../support/slipway.js'
import { settled } from '../../support/time-travel.js'

const slipway = useSlipway({ worker: true })
const CASES = Number(process.env['CASES'] ?? 500)
/** So many cases share a project, whose state the cases before have left. */
const CASES_OF_PROJECT = 50
const VERSIONS = ['v1-rc1', 'v1-rc2', 'v1-rc3', 'v1-rc4']
const LANES = ['ALLOW', 'REJECT', 'QUEUE', 'SUPERSEDE']

const REFUSALS: Readonly<Record<string, string>> = {
  BUILD: 'CANDIDATE_NOT_READY',
  QUARANTINE: 'CANDIDATE_QUARANTINED',
  FREEZE: 'ENVIRONMENT_FROZEN',
  LANE: 'LANE_OCCUPIED',
}

const chance = (probability: number) => Math.random() < probability
const oneOf = <Item>(items: readonly Item[]) => items[Math.floor(Math.random() * items.length)] as Item

test('canDeploy says what then happens', { timeout: 1_800_000 }, async () => {
  const seen = { OPEN: 0, CLOSED: 0, REFUSED: 0 }
  for (let done = 0; done < CASES; ) {
    const scene = await openScene()
    for (let ofProject = 0; ofProject < CASES_OF_PROJECT && done < CASES; ofProject += 1, done += 1) {
      await scene.change()
      await settled(slipway.databaseUrl)
      seen[await scene.compare()] += 1
    }
  }
  // Each answer is given often enough to mean something.
  expect(Math.min(...Object.values(seen))).toBeGreaterThan(CASES / 20)
  if (process.env['CASES'] !== undefined) console.log(seen)
})

async function openScene() {
  const project = await createGuardedProject(slipway, ...VERSIONS)
  const staging = await project.createEnvironment('staging', {}, 'STAGING')
  const production = await project.createEnvironment('production')
  const ann = slipway.as({ subject: 'ann', role: 'approver' })
  const freezes: string[] = []

  /** Something happens, whatever it is. */
  const change = async () => {
    const active = (await production.deployments()).filter(({ finishedAt }) => finishedAt === null)
    const running = active.filter(({ admittedAt }) => admittedAt !== null)
    const waiting = active.filter(({ admittedAt }) => admittedAt === null)
    if (running.length > 0 && chance(0.6)) {
      await production.report(oneOf(running).candidate.version, oneOf(['success', 'failure', 'in_progress']))
    }
    if (waiting.length > 0 && chance(0.4)) await review(ann, oneOf(['approve', 'reject']), oneOf(waiting).id)
    if (chance(0.3)) await staging.report(oneOf(VERSIONS), oneOf(['success', 'failure']))
    if (chance(0.1)) await staging.rollBack()
    if (chance(0.15))
      freezes.push(
        await freeze(slipway.as(), { project: project.name, environments: oneOf([[], ['production'], ['staging']]) }),
      )
    else if (freezes.length > 0 && chance(0.5)) await liftFreeze(slipway.as(), freezes.pop() ?? '')
    if (chance(0.15)) await quarantine(project.name, oneOf(VERSIONS), chance(0.4))
    if (chance(0.05)) {
      await slipway.database.releaseCandidate.updateMany({
        where: { release: { project: { name: project.name } }, number: 4 },
        data: { status: oneOf(['BUILDING', 'READY']) },
      })
    }
    if (chance(0.2)) {
      const approval = oneOf([null, null, { requiredApprovals: 1 }, { requiredApprovals: 1, approvers: ['ann'] }])
      const promotion = oneOf([
        null,
        null,
        { environments: ['staging'] },
        { environments: ['staging'], soakMinutes: 5 },
      ])
      await production.guard({ gates: { lane: oneOf(LANES), approval, promotion } })
    }
  }

  /** Asks whether a candidate can be deployed, deploys it, and holds the one against the other. */
  const compare = async () => {
    const version = oneOf(VERSIONS)
    const said = await production.canDeploy(version)
    if (said === null) throw new Error(`There is no ${version}`)
    const { status, body } = await production.deploy(version)
    const closed = said.gates.filter(({ state }) => state === 'CLOSED').map(({ gate }) => gate)
    const refused = said.gates.filter(({ state }) => state === 'REFUSED').map(({ gate }) => REFUSALS[gate])
    expect(said.allowed).toBe(said.state === 'OPEN')
    if (said.state === 'REFUSED') {
      expect({ status, code: (body as { code?: string }).code }).toMatchObject({ code: refused[0] })
      return said.state
    }
    expect(status).toBe(201)
    const newest = await production.newest()
    expect(newest).toMatchObject({ id: body.id, admittedAt: said.state === 'OPEN' ? expect.any(String) : null })
    expect(newest.waitingFor.map(({ gate }) => gate)).toEqual(closed)
    return said.state
  }
  return { change, compare }
}

async function quarantine(project: string, candidateVersion: string, isOn: boolean): Promise<void> {
  const name = isOn ? 'quarantineCandidate' : 'releaseFromQuarantine'
  await slipway.as().query(`mutation ($input: QuarantineInput!) { ${name}(input: $input) { candidate { id } } }`, {
    input: { project, candidateVersion, reason: 'It may leak' },
  })
}
