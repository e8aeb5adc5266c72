import type {
  Deployment,
  Environment,
  Problem,
  ReleaseCandidate,
} from '../../../../../src/database/generated/client.js'
import type { Maker } from './catalog.js'

type About = Partial<Pick<Problem, 'deploymentId' | 'candidateId' | 'environmentId'>>

/** None, one or several problems of each deployment, of each candidate's build, and of each environment. */
export function makeProblems(
  make: Maker,
  deployments: readonly Deployment[],
  candidates: readonly ReleaseCandidate[],
  environments: readonly Environment[],
): Problem[] {
  return [
    ...deployments.flatMap(({ id, projectId }) => problemsOf(make, projectId, { deploymentId: id })),
    ...candidates.flatMap(({ id, projectId }) => problemsOf(make, projectId, { candidateId: id })),
    ...environments.flatMap(({ id, projectId }) => problemsOf(make, projectId, { environmentId: id })),
  ]
}

function problemsOf(make: Maker, projectId: string, about: About): Problem[] {
  return Array.from({ length: make.random.pick([0, 0, 1, 3]) }, () => ({
    work: `work ${make.key()}`,
    kind: 'admit-waiting',
    payload: {},
    key: null,
    place: null,
    projectId,
    deploymentId: null,
    candidateId: null,
    environmentId: null,
    ...about,
    message: make.text(),
    at: make.time(),
  }))
}
