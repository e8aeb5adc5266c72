import { type Deployment, type Environment, Prisma, type WorkflowRun } from '../../database/generated/client.js'
import type { Row, Rows, Sql } from '../reading/row.js'
import { PROBLEMS } from '../reading/tables.js'

/** The newest problem of a deployment. */
export function problemOfDeployment(deployment: Row<Deployment>) {
  return newest(Prisma.sql`deployment_id = ${deployment.id}`)
}

/** The newest problem of the build that a run carries out. */
export function problemOfBuild(run: Row<WorkflowRun>) {
  return newest(Prisma.sql`candidate_id = ${run.candidateId}`)
}

/** The newest problem of an environment. */
export function problemOfEnvironment(environment: Row<Environment>) {
  return newest(Prisma.sql`environment_id = ${environment.id}`)
}

function newest(condition: Sql): Rows<unknown> {
  return PROBLEMS.where(Prisma.sql`${condition} ORDER BY at DESC, work DESC LIMIT 1`) as Rows<unknown>
}
