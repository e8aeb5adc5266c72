import type { SlipwayError } from '../../core/errors.js'
import type { Database } from '../../database/client.js'
import { sqlReader, sqlTransaction } from '../../database/transaction.js'
import type { JobProblems } from '../../jobs/job-task.js'
import { type Job, MOST_ATTEMPTS } from '../../jobs/jobs.js'
import { authorize } from '../access/access.rules.js'
import { recordAuditEvent } from '../audit/audit.service.js'
import type { ServiceContext } from '../context/service-context.js'
import { lockEnvironment } from '../environment/environment.lock.js'
import { requireProject } from '../project/project.service.js'
import { findCandidateByKey, versionOf } from '../release/release.service.js'
import { clearProblem, recordProblem, retryProblems } from './problem.store.js'

/** Keeps what becomes of jobs where people look for it: at the deployment, the build or the environment. */
export function keepProblems(database: Database): JobProblems {
  return {
    record: (job, refusal) =>
      sqlTransaction(database, async tx => {
        let what = WORDS[job.kind]
        if (job.kind === 'deploy-automatically') {
          what = `${versionOf(await findCandidateByKey(tx, job.payload.candidateId))} ${what}`
        }
        await recordProblem(tx, job, `${what}: ${whyOf(refusal)}`)
      }),
    clear: job => clearProblem(sqlReader(database), job),
  }
}

const WORDS: Readonly<Record<Job['kind'], string>> = {
  'advance-run': 'Its run could not be followed',
  'admit-waiting': 'The deployments that wait on it could not be started',
  'roll-back': 'It could not be rolled back automatically',
  'deploy-automatically': 'could not be deployed automatically',
  'apply-delivery': 'An event about it could not be taken in',
}

function whyOf(refusal: SlipwayError | null): string {
  if (refusal === null) return `it failed ${MOST_ATTEMPTS} times, as the log of the worker says`
  return refusal.details === undefined ? refusal.message : `${refusal.message}. ${refusal.details}`
}

/** Has tried again what could not be done about an environment. Repeating it changes nothing. */
export async function refreshEnvironment(
  ctx: ServiceContext,
  input: { readonly project: string; readonly environment: string },
): Promise<{ id: string }> {
  return sqlTransaction(ctx.database, async tx => {
    const project = await requireProject(tx, ctx.actor, input.project)
    authorize(ctx.actor, 'environment.refresh')
    const { environment, now } = await lockEnvironment(tx, project, input.environment)
    const { id, name } = environment
    if (await retryProblems(tx, { kind: 'environment', id })) {
      const data = { environment: name }
      const act = { action: 'environment.refresh', at: now, projectId: project.id, subjectId: id, data } as const
      await recordAuditEvent(tx, ctx.actor, act)
    }
    return { id }
  })
}
