import type { Database } from '../../../../../src/database/client.js'
import { Prisma, type WorkflowRun } from '../../../../../src/database/generated/client.js'
import type { Random } from '../../../../support/random.js'
import type { Tables } from '../tables.js'
import { Maker, makeCandidates, makeEnvironments, makeProject, makeReleases, PLANS } from './catalog.js'
import { makeDeployments, makeReviews, makeStatusChanges } from './deployments.js'
import { makeFreezes } from './freezes.js'
import { makeProblems } from './problems.js'
import { makeAttempts, makeRuns } from './runs.js'

/**
 * Fills an empty database with rows of every kind. Which lists are how long is fixed (`PLANS`), the rest follows from the
 * choices. Rows are written as they are, since what services would make of them is not what is tested here, and since
 * they have to be in every state at once.
 */
export async function fill(database: Database, random: Random, now: Date): Promise<void> {
  const rows = makeRows(new Maker(random, now))
  await database.project.createMany({
    data: rows.projects.map(row => ({ ...row, buildWorkflow: json(row.buildWorkflow) })),
  })
  await database.environment.createMany({
    data: rows.environments.map(row => ({
      ...row,
      deployWorkflow: json(row.deployWorkflow),
      gates: row.gates as Prisma.InputJsonObject,
      automation: row.automation as Prisma.InputJsonObject,
    })),
  })
  await database.release.createMany({ data: [...rows.releases] })
  await database.releaseCandidate.createMany({ data: [...rows.candidates] })
  await database.deployment.createMany({ data: [...rows.deployments] })
  await database.deploymentStatusChange.createMany({ data: [...rows.statusChanges] })
  await database.deploymentReview.createMany({ data: [...rows.reviews] })
  await database.workflowRun.createMany({ data: rows.runs.map(storedRun) })
  await database.dispatchAttempt.createMany({ data: [...rows.attempts] })
  await database.freeze.createMany({ data: [...rows.freezes] })
  await database.problem.createMany({
    data: rows.problems.map(row => ({ ...row, payload: row.payload as Prisma.InputJsonObject })),
  })
}

function makeRows(make: Maker): Tables {
  const planned = make.random.shuffled(PLANS).map(plan => {
    const project = makeProject(make, plan)
    const environments = makeEnvironments(make, project, plan)
    const releases = makeReleases(make, project, plan.releases)
    const candidates = makeCandidates(make, releases)
    return { project, environments, releases, candidates, deployments: makeDeployments(make, environments, candidates) }
  })
  const projects = planned.map(({ project }) => project)
  const environments = planned.flatMap(plan => plan.environments)
  const candidates = planned.flatMap(plan => plan.candidates)
  const deployments = planned.flatMap(plan => plan.deployments)
  const runs = makeRuns(make, deployments, candidates)
  return {
    projects,
    environments,
    releases: planned.flatMap(plan => plan.releases),
    candidates,
    deployments,
    statusChanges: makeStatusChanges(make, deployments),
    reviews: makeReviews(make, deployments),
    runs,
    attempts: makeAttempts(make, runs),
    freezes: makeFreezes(make, projects, environments),
    problems: makeProblems(make, deployments, candidates, environments),
  }
}

function storedRun(run: WorkflowRun): Prisma.WorkflowRunCreateManyInput {
  return {
    ...run,
    workflow: run.workflow as Prisma.InputJsonObject,
    placeholders: run.placeholders as Prisma.InputJsonObject,
  }
}

function json(value: Prisma.JsonValue): Prisma.InputJsonValue | typeof Prisma.DbNull {
  return value === null ? Prisma.DbNull : (value as Prisma.InputJsonValue)
}
