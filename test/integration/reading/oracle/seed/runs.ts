import type {
  Deployment,
  DispatchAttempt,
  ReleaseCandidate,
  WorkflowRun,
} from '../../../../../src/database/generated/client.js'
import { DeploymentStatus, RunPhase, TrackingSource } from '../../../../../src/database/generated/enums.js'
import { DAY_MS, type Maker, WORKFLOWS } from './catalog.js'
import { isFinished } from './finished.js'

const ACTIVE = [RunPhase.QUEUED, RunPhase.DISPATCHING, RunPhase.FOLLOWED] as const
const REQUESTS = ['dispatch', 'cancel']
const OUTCOMES = ['accepted', 'refused', 'later', 'unclear']

/** A run for each of many deployments, and none, one or several for the build of each candidate. */
export function makeRuns(
  make: Maker,
  deployments: readonly Deployment[],
  candidates: readonly ReleaseCandidate[],
): WorkflowRun[] {
  const { random } = make
  const ofDeployments = deployments
    .filter(() => random.chance(0.6))
    .map(({ id }) => makeRun(make, { deploymentId: id }))
  const ofBuilds = candidates.flatMap(({ id }) =>
    Array.from({ length: random.pick([0, 1, 1, 3]) }, () => makeRun(make, { candidateId: id })),
  )
  return [...ofDeployments, ...ofBuilds]
}

function makeRun(
  make: Maker,
  { deploymentId = null, candidateId = null }: Partial<Pick<WorkflowRun, 'deploymentId' | 'candidateId'>>,
): WorkflowRun {
  const { random } = make
  const workflow = make.inTurn(WORKFLOWS)
  const isActive = random.chance(0.7) && make.isFirst('active run', deploymentId, candidateId)
  const phase = isActive ? random.pick(ACTIVE) : RunPhase.ENDED
  const statuses = Object.values(DeploymentStatus).filter(status => phase !== 'ENDED' || isFinished(status))
  const status = random.pick(statuses)
  const id = make.key()
  return {
    id,
    deploymentId,
    candidateId,
    runner: workflow.runner,
    workflow: { ...workflow },
    scope: 'acme/shop',
    placeholders: {},
    phase,
    status,
    source: random.pick(Object.values(TrackingSource)),
    errorMessage: random.maybe(make.text()),
    externalId: random.maybe(`run ${id}`),
    externalUrl: random.maybe('https://ci.example/runs/2'),
    attempt: random.between(1, 3),
    tries: random.between(0, 3),
    claimedAt: phase === 'DISPATCHING' ? make.time() : null,
    cancelRequestedAt: null,
    cancelSentAt: null,
    observedAt: random.maybe(make.time()),
    heardAt: random.maybe(make.time()),
    nextCheckAt: phase === 'ENDED' ? null : make.ago(-100 * DAY_MS),
    quietChecks: 0,
    missingChecks: 0,
    etag: null,
    deadline: make.ago(-150 * DAY_MS),
    createdAt: make.time(),
    startedAt: random.maybe(make.time()),
    finishedAt: isFinished(status) ? make.time() : null,
  }
}

/** Up to a few tries for each run, and more than a list is taken to hold for one of them. */
export function makeAttempts(make: Maker, runs: readonly WorkflowRun[]): DispatchAttempt[] {
  const { random } = make
  return runs.flatMap(({ id }, index) =>
    Array.from({ length: index === 0 ? 15 : random.between(0, 3) }, () => ({
      id: make.key(),
      runId: id,
      at: make.time(),
      request: random.pick(REQUESTS),
      outcome: random.pick(OUTCOMES),
      message: random.maybe(make.text()),
    })),
  )
}
