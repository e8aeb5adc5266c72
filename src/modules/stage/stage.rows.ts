import {
  type Deployment,
  type Environment,
  Prisma,
  type Project,
  type Release,
} from '../../database/generated/client.js'
import { currentDeployment } from '../deployment/deployment.rows.js'
import { type List, list } from '../reading/list.js'
import { join, type Row, Rows, type Sql, shapeOf } from '../reading/row.js'
import { CANDIDATES, DEPLOYMENTS } from '../reading/tables.js'
import { parseCommit } from '../repository/commit.rules.js'

/** An environment, and the candidates whose way leads through it. */
export interface StageColumns extends Pick<Environment, 'tier'> {
  readonly environmentId: string
  readonly candidateIds: readonly string[]
}

/** A commit of a project, and the candidates that are exactly it. */
export interface CommitColumns {
  readonly sha: string
  readonly projectId: string
  readonly candidateIds: readonly string[]
}

const STAGE = shapeOf<StageColumns>(['environmentId', 'tier', 'candidateIds'])
const COMMIT = shapeOf<CommitColumns>(['sha', 'projectId', 'candidateIds'])

/**
 * A commit of a project by its full SHA or the beginning of it. There is none when no candidate is at it, or candidates
 * at several that begin so.
 *
 * @throws SlipwayError `INVALID_COMMIT`
 */
export function commitOfProject(project: Row<Project>, text: string): Rows<CommitColumns> {
  const sha = parseCommit(text)
  // All that begin so lie between it and what no further digit leads to.
  const begins = Prisma.sql`commit COLLATE "C" >= ${sha} AND commit COLLATE "C" < ${`${sha}g`}`
  return new Rows(
    COMMIT,
    Prisma.sql`
      SELECT min(commit) AS sha, ${project.id} AS project_id, array_agg(id) AS candidate_ids
      FROM release_candidates WHERE project_id = ${project.id} AND ${begins}
      HAVING count(DISTINCT commit) = 1`,
  )
}

/** The candidates that are exactly a commit, newest first. */
export function candidatesAt(commit: Row<CommitColumns>, first: number | null): List {
  const rows = CANDIDATES.where(Prisma.sql`id = ANY (${commit.candidateIds})`)
  return list(rows, candidate => Prisma.sql`${candidate.id} DESC`, first)
}

/** All environments of the project in promotion order. */
export function stagesOfRelease(release: Row<Release>): List {
  const candidates = Prisma.sql`ARRAY(SELECT id FROM release_candidates WHERE release_id = ${release.id})`
  return stages(release.projectId, candidates, Prisma.sql`true`)
}

/** The environments that run a commit or ran it, in promotion order. */
export function stagesOfCommit(commit: Row<CommitColumns>): List {
  const wasRun = Prisma.sql`EXISTS (
    SELECT FROM deployments
    WHERE candidate_id = ANY (${commit.candidateIds}) AND environment_id = environments.id AND status = 'SUCCESS')`
  return stages(commit.projectId, commit.candidateIds, wasRun)
}

function stages(projectId: Sql, candidateIds: Sql, condition: Sql): List {
  const rows = new Rows(
    STAGE,
    Prisma.sql`
      SELECT id AS environment_id, tier, ${candidateIds} AS candidate_ids
      FROM environments WHERE project_id = ${projectId} AND ${condition}`,
  )
  return list(rows, stage => Prisma.sql`${stage.tier}, ${stage.environmentId}`)
}

/** The newest deployment of a stage's candidates on its environment. */
export function latestDeployment(stage: Row<StageColumns>): Rows<Deployment> {
  const ofCandidate = DEPLOYMENTS.where(
    Prisma.sql`candidate_id = candidate.id AND environment_id = ${stage.environmentId} ORDER BY number DESC LIMIT 1`,
  )
  return new Rows(
    DEPLOYMENTS.shape,
    Prisma.sql`
      SELECT deployment.* FROM unnest(${stage.candidateIds}) AS candidate (id)
      CROSS JOIN LATERAL (${ofCandidate.select}) AS deployment
      ORDER BY number DESC LIMIT 1`,
  )
}

/** Whether what the environment of a stage runs is one of its candidates. */
export function isCurrent(stage: Row<StageColumns>): Sql {
  const current = join(stage, currentDeployment(stage.environmentId))
  return Prisma.sql`coalesce(${current.candidateId} = ANY (${stage.candidateIds}), false)`
}
