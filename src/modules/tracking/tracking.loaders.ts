import DataLoader from 'dataloader'
import type { Database } from '../../database/client.js'
import type { WorkflowRun } from '../../database/generated/client.js'
import { listLoader } from '../loaders/row.loader.js'

export function trackingLoaders(database: Database) {
  return {
    /** By the deployment's key: its run, null when it has none. */
    runOfDeployment: new DataLoader<string, WorkflowRun | null>(async keys => {
      const runs = await database.workflowRun.findMany({ where: { deploymentId: { in: [...keys] } } })
      const byDeployment = new Map(runs.map(run => [run.deploymentId, run]))
      return keys.map(key => byDeployment.get(key) ?? null)
    }),
    /** By the candidate's key: the newest run of its build, null when it has none. */
    runOfBuild: new DataLoader<string, WorkflowRun | null>(async keys => {
      const runs = await database.workflowRun.findMany({
        where: { candidateId: { in: [...keys] } },
        distinct: ['candidateId'],
        orderBy: [{ candidateId: 'asc' }, { id: 'desc' }],
      })
      const byCandidate = new Map(runs.map(run => [run.candidateId, run]))
      return keys.map(key => byCandidate.get(key) ?? null)
    }),
    /** By the run's key, in the order in which they were made. */
    attemptsOfRun: listLoader(
      keys => database.dispatchAttempt.findMany({ where: { runId: { in: keys } }, orderBy: { id: 'asc' } }),
      attempt => attempt.runId,
    ),
  }
}
