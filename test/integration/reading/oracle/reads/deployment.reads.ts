import type { Deployment, WorkflowRun } from '../../../../../src/database/generated/client.js'
import type { Tables } from '../tables.js'
import { waitingFor } from './judgement.js'
import { newestProblem } from './problem.js'
import { byId, type Reads, rowOf, rowOrNull, sorted } from './read.js'
import { globalId, isOlder } from './rows.js'

export function deploymentReads(tables: Tables): Reads<Deployment> {
  return {
    id: deployment => globalId('deployment', deployment),
    candidate: ({ candidateId }) => rowOf(tables.candidates, candidateId),
    previous: ({ previousCandidateId }) => rowOrNull(tables.candidates, previousCandidateId),
    environment: ({ environmentId }) => rowOf(tables.environments, environmentId),
    undoes: ({ undoesId }) => rowOrNull(tables.deployments, undoesId),
    reviews: ({ candidateId, environmentId }) =>
      sorted(tables.reviews, byId).filter(
        review => review.candidateId === candidateId && review.environmentId === environmentId,
      ),
    statusHistory: ({ id }) =>
      sorted(
        tables.statusChanges.filter(({ deploymentId }) => deploymentId === id),
        ({ at }) => at.getTime(),
        byId,
      ),
    waitingFor: deployment => waitingFor(tables, deployment),
    problem: ({ id }) => newestProblem(tables, ({ deploymentId }) => deploymentId === id),
    downgrade: ({ candidateId, previousCandidateId }) =>
      isOlder(rowOf(tables.candidates, candidateId), rowOrNull(tables.candidates, previousCandidateId)),
    tracking: ({ id, source, createdAt, reportedAt, finishedAt }): Tracking => {
      const run = tables.runs.find(({ deploymentId }) => deploymentId === id) ?? null
      const heard = [createdAt, reportedAt, run?.heardAt ?? null].filter(time => time !== null)
      const observedAt = sorted(heard, time => time.getTime()).at(-1) ?? createdAt
      return { source, observedAt, nextCheckAt: finishedAt === null ? (run?.nextCheckAt ?? null) : null, run }
    },
  }
}

export function buildReads(tables: Tables): Reads<WorkflowRun> {
  return {
    problem: run => newestProblem(tables, ({ candidateId }) => candidateId === run.candidateId),
    tracking: (run): Tracking => ({
      source: run.source,
      observedAt: run.heardAt ?? run.observedAt ?? run.createdAt,
      nextCheckAt: run.nextCheckAt,
      run,
    }),
  }
}

interface Tracking extends Pick<Deployment, 'source'> {
  readonly observedAt: Date
  readonly nextCheckAt: Date | null
  readonly run: WorkflowRun | null
}

export function trackingReads({ attempts }: Tables): Reads<Tracking> {
  return {
    runner: ({ run }) => run?.runner ?? null,
    externalId: ({ run }) => run?.externalId ?? null,
    attempt: ({ run }) => run?.attempt ?? null,
    deadline: ({ run }) => run?.deadline ?? null,
    attempts: ({ run }) =>
      sorted(
        attempts.filter(({ runId }) => runId === run?.id),
        byId,
      ),
  }
}
