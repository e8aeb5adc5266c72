import type { Database } from '../../../../src/database/client.js'
import type {
  Deployment,
  DeploymentReview,
  DeploymentStatusChange,
  DispatchAttempt,
  Environment,
  Freeze,
  Problem,
  Project,
  Release,
  ReleaseCandidate,
  WorkflowRun,
} from '../../../../src/database/generated/client.js'

/** All rows that queries can be about, in no order. */
export interface Tables {
  readonly projects: readonly Project[]
  readonly environments: readonly Environment[]
  readonly releases: readonly Release[]
  readonly candidates: readonly ReleaseCandidate[]
  readonly deployments: readonly Deployment[]
  readonly statusChanges: readonly DeploymentStatusChange[]
  readonly reviews: readonly DeploymentReview[]
  readonly runs: readonly WorkflowRun[]
  readonly attempts: readonly DispatchAttempt[]
  readonly freezes: readonly Freeze[]
  readonly problems: readonly Problem[]
}

/** Reads every table whole. Nothing writes to them while questions are asked. */
export async function readTables(database: Database): Promise<Tables> {
  return {
    projects: await database.project.findMany(),
    environments: await database.environment.findMany(),
    releases: await database.release.findMany(),
    candidates: await database.releaseCandidate.findMany(),
    deployments: await database.deployment.findMany(),
    statusChanges: await database.deploymentStatusChange.findMany(),
    reviews: await database.deploymentReview.findMany(),
    runs: await database.workflowRun.findMany(),
    attempts: await database.dispatchAttempt.findMany(),
    freezes: await database.freeze.findMany(),
    problems: await database.problem.findMany(),
  }
}
