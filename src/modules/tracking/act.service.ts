import { maySeeProject } from '../../core/actor.js'
import { SlipwayError } from '../../core/errors.js'
import { fromGlobalId } from '../../core/global-id.js'
import { currentTime } from '../../database/clock.js'
import type { Deployment, Project } from '../../database/generated/client.js'
import { inTurn, type SqlTransaction, sqlTransaction } from '../../database/transaction.js'
import { type Action, authorize } from '../access/access.rules.js'
import { recordAuditEvent } from '../audit/audit.service.js'
import type { ServiceContext } from '../context/service-context.js'
import { turnOf } from '../environment/environment.lock.js'
import { findProjectByKey } from '../project/project.service.js'
import { type Candidate, findCandidateByKey } from '../release/release.service.js'
import type { Run } from './run.js'

export interface DeploymentAnswer {
  readonly deployment: Deployment
}

export interface BuildAnswer {
  readonly candidate: Candidate
}

/** What somebody does about a deployment or a build, and the facts about it that the audit is to tell. */
interface Act {
  readonly action: Action
  readonly data?: Readonly<Record<string, string>>
  /** Answers whether it changed anything, which is audited then. */
  work(tx: SqlTransaction, key: string, project: Project): Promise<boolean>
}

/**
 * Does something about a deployment, named by its global ID, for somebody who may.
 *
 * @throws SlipwayError `DEPLOYMENT_NOT_FOUND`, also when the actor may not see its project
 */
export async function actOnDeployment(ctx: ServiceContext, id: string, act: Act): Promise<DeploymentAnswer> {
  const node = fromGlobalId(id)
  const found =
    node?.kind === 'deployment' ? await ctx.database.deployment.findUnique({ where: { id: node.key } }) : null
  if (found === null) throw new SlipwayError('DEPLOYMENT_NOT_FOUND')
  await actOn(ctx, found, turnOf(found.environmentId), 'DEPLOYMENT_NOT_FOUND', act)
  return { deployment: await ctx.database.deployment.findUniqueOrThrow({ where: { id: found.id } }) }
}

/**
 * The same about the build of a candidate, named by the candidate's global ID.
 *
 * @throws SlipwayError `CANDIDATE_NOT_FOUND`, also when the actor may not see its project
 */
export async function actOnBuild(ctx: ServiceContext, id: string, act: Act): Promise<BuildAnswer> {
  const node = fromGlobalId(id)
  const found =
    node?.kind === 'candidate' ? await ctx.database.releaseCandidate.findUnique({ where: { id: node.key } }) : null
  if (found === null) throw new SlipwayError('CANDIDATE_NOT_FOUND')
  await actOn(ctx, found, `candidate ${found.id}`, 'CANDIDATE_NOT_FOUND', act)
  return { candidate: await findCandidateByKey(ctx.database, found.id) }
}

/** @throws SlipwayError `NOT_TRACKED` when there is none */
export function requireRun(run: Run | null): Run {
  if (run === null) throw new SlipwayError('NOT_TRACKED', { details: 'No workflow was started for it.' })
  return run
}

async function actOn(
  ctx: ServiceContext,
  subject: Pick<Deployment, 'id' | 'projectId'>,
  turn: string,
  missing: 'DEPLOYMENT_NOT_FOUND' | 'CANDIDATE_NOT_FOUND',
  { action, data = {}, work }: Act,
): Promise<void> {
  const project = await findProjectByKey(ctx.database, subject.projectId)
  if (project === null || !maySeeProject(ctx.actor, project.name)) throw new SlipwayError(missing)
  authorize(ctx.actor, action)
  await sqlTransaction(inTurn(ctx.database, turn), async tx => {
    if (!(await work(tx, subject.id, project))) return
    const at = await currentTime(tx)
    await recordAuditEvent(tx, ctx.actor, { action, at, projectId: project.id, subjectId: subject.id, data })
  })
}
