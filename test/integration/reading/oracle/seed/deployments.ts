import type {
  Deployment,
  DeploymentReview,
  DeploymentStatusChange,
  Environment,
  ReleaseCandidate,
} from '../../../../../src/database/generated/client.js'
import {
  DeploymentKind,
  DeploymentStatus,
  ReviewVerdict,
  TrackingSource,
} from '../../../../../src/database/generated/enums.js'
import type { Maker } from './catalog.js'
import { isFinished } from './finished.js'

const STATUSES = Object.values(DeploymentStatus)

/**
 * The deployments of the environments of one project. Keys and times of creation need not rise with the numbers, as with
 * what is reported late. The first of each environment have each status once.
 */
export function makeDeployments(
  make: Maker,
  environments: readonly Environment[],
  candidates: readonly ReleaseCandidate[],
): Deployment[] {
  const { random } = make
  const slots = random.shuffled(
    environments.flatMap(({ id, lastDeploymentNumber }) => Array<string>(lastDeploymentNumber).fill(id)),
  )
  // Few candidates are deployed often, most never.
  const deployed = random.shuffled(candidates).slice(0, 12)
  const made = new Map<string, Deployment[]>()
  for (const environmentId of slots) {
    const before = made.get(environmentId) ?? []
    made.set(environmentId, [...before, makeDeployment(make, environmentId, before, random.pick(deployed), deployed)])
  }
  return [...made.values()].flat()
}

function makeDeployment(
  make: Maker,
  environmentId: string,
  before: readonly Deployment[],
  candidate: ReleaseCandidate,
  deployed: readonly ReleaseCandidate[],
): Deployment {
  const { random } = make
  const status =
    STATUSES[before.length] ?? random.weighted(STATUSES, one => (one === 'SUCCESS' || one === 'PENDING' ? 4 : 1))
  const createdAt = make.time()
  const isRollback = random.chance(0.35)
  // Most of what is undone had succeeded, which is then as if it had not.
  const succeeded = before.filter(other => other.status === 'SUCCESS')
  const undone = succeeded.length > 0 && random.chance(0.8) ? succeeded : before
  const undoesId = isRollback && undone.length > 0 ? random.maybe(random.pick(undone).id, 0.9) : null
  const waits = status === 'PENDING' || (status === 'CANCELED' && random.chance(0.3))
  return {
    id: make.key(),
    projectId: candidate.projectId,
    environmentId,
    number: before.length + 1,
    candidateId: candidate.id,
    previousCandidateId: random.maybe(random.pick(deployed).id, 0.7),
    status,
    actor: make.actor(),
    errorMessage: random.maybe(make.text()),
    externalUrl: random.maybe('https://ci.example/runs/1?a=b&c=ü'),
    createdAt,
    startedAt: status === 'PENDING' ? random.maybe(make.time(), 0.2) : make.time(),
    finishedAt: isFinished(status) ? make.time() : null,
    reportedAt: random.maybe(make.time()),
    source: random.pick(Object.values(TrackingSource)),
    kind: isRollback ? DeploymentKind.ROLLBACK : DeploymentKind.DEPLOYMENT,
    undoesId,
    isAutomatic: random.chance(0.4) && make.isFirst('automatic', undoesId ?? [environmentId, candidate.id, isRollback]),
    isForced: random.chance(0.2),
    reason: random.maybe(make.text()),
    admittedAt: waits && random.chance(0.7) ? null : createdAt,
    expiresAt: random.maybe(make.ago(-100 * 86_400_000), 0.3),
    requestKey: null,
  }
}

/** Up to a few entries for each deployment, some at the same time, and more than a page for one of them. */
export function makeStatusChanges(make: Maker, deployments: readonly Deployment[]): DeploymentStatusChange[] {
  const { random } = make
  return deployments.flatMap((deployment, index) =>
    Array.from({ length: index === 0 ? 25 : random.between(0, 4) }, () => ({
      id: make.key(),
      deploymentId: deployment.id,
      status: random.pick(STATUSES),
      actor: make.actor(),
      at: random.chance(0.4) ? deployment.createdAt : make.time(),
      recordedAt: make.time(),
      message: random.maybe(make.text()),
    })),
  )
}

/** What people said, of deployments of which others are of the same candidate on the same environment. */
export function makeReviews(make: Maker, deployments: readonly Deployment[]): DeploymentReview[] {
  const { random } = make
  return deployments.flatMap(({ id, environmentId, candidateId }) =>
    Array.from({ length: random.pick([0, 0, 0, 1, 2]) }, () => {
      const verdict = random.chance(0.8) ? ReviewVerdict.APPROVED : ReviewVerdict.REJECTED
      const actor = make.actor()
      const counts = verdict === 'APPROVED' && random.chance(0.8) && make.isFirst(environmentId, candidateId, actor)
      return {
        id: make.key(),
        deploymentId: id,
        environmentId,
        candidateId,
        verdict,
        actor,
        comment: verdict === 'REJECTED' ? make.reason() : random.maybe(make.text()),
        at: make.time(),
        withdrawnAt: verdict === 'APPROVED' && !counts ? make.time() : null,
      }
    }),
  )
}
