import { type Actor, maySeeProject } from '../../core/actor.js'
import { SlipwayError } from '../../core/errors.js'
import { currentTime } from '../../database/clock.js'
import { Prisma, type Project } from '../../database/generated/client.js'
import { RepositoryHost } from '../../database/generated/enums.js'
import { type SqlReader, type Transaction, transaction } from '../../database/transaction.js'
import { refusingDuplicates } from '../../database/violations.js'
import { authorize, authorizeProjectName } from '../access/access.rules.js'
import { recordAuditEvent } from '../audit/audit.service.js'
import type { ServiceContext } from '../context/service-context.js'
import { isRepositoryName } from '../repository/repository-name.rules.js'
import { checkProjectName } from './project.rules.js'

interface NewProject {
  readonly name: string
  readonly repository: string
  readonly repositoryHost: RepositoryHost
  readonly cloneUrl?: string | null | undefined
}

interface ProjectChange {
  /** The name it has. */
  readonly project: string
  /** The name it gets. */
  readonly name?: string | null | undefined
  readonly cloneUrl?: string | null | undefined
}

/** Finds a project by its name; null when there is none or the actor may not see it. */
export async function findProject(reader: SqlReader, actor: Actor, name: string): Promise<Project | null> {
  if (!maySeeProject(actor, name)) return null
  const [project] = await reader.$queryRaw<Project[]>(Prisma.sql`
    SELECT id, name, repository, repository_host AS "repositoryHost", clone_url AS "cloneUrl", created_at AS "createdAt"
    FROM projects WHERE name = ${name}`)
  return project ?? null
}

/** @throws SlipwayError `PROJECT_NOT_FOUND`, also when the actor may not see it */
export async function requireProject(reader: SqlReader, actor: Actor, name: string): Promise<Project> {
  const project = await findProject(reader, actor, name)
  if (project === null) throw new SlipwayError('PROJECT_NOT_FOUND')
  return project
}

/** Creates a project. Its repository's host is not asked: it may not even exist yet. */
export async function createProject(ctx: ServiceContext, input: NewProject): Promise<Project> {
  checkProjectName(input.name)
  checkRepositoryName(input.repository)
  const cloneUrl = checkCloneUrl(ctx, input.repositoryHost, input.cloneUrl ?? null)
  authorize(ctx.actor, 'project.create')
  authorizeProjectName(ctx.actor, input.name)
  return refusingDuplicates(taken(input.name), () =>
    transaction(ctx.database, async tx => {
      const now = await currentTime(tx)
      const { name, repository, repositoryHost } = input
      const project = await tx.project.create({ data: { name, repository, repositoryHost, cloneUrl, createdAt: now } })
      await audit(ctx, tx, 'project.create', project, now)
      return project
    }),
  )
}

/** Renames a project, or tells where its repository is cloned from now. Which repository it is never changes. */
export async function updateProject(ctx: ServiceContext, input: ProjectChange): Promise<Project> {
  const name = input.name ?? undefined
  if (name !== undefined) checkProjectName(name)
  return refusingDuplicates(taken(name ?? input.project), () =>
    transaction(ctx.database, async tx => {
      const { id, repositoryHost } = await requireProject(tx, ctx.actor, input.project)
      authorize(ctx.actor, 'project.update')
      if (name !== undefined) authorizeProjectName(ctx.actor, name)
      const cloneUrl = input.cloneUrl == null ? undefined : checkCloneUrl(ctx, repositoryHost, input.cloneUrl)
      const data = { ...(name !== undefined && { name }), ...(cloneUrl !== undefined && { cloneUrl }) }
      const project = await tx.project.update({ where: { id }, data })
      await audit(ctx, tx, 'project.update', project, await currentTime(tx))
      return project
    }),
  )
}

function checkRepositoryName(repository: string): void {
  if (!isRepositoryName(repository)) {
    throw new SlipwayError('INVALID_INPUT', {
      message: 'Invalid repository',
      details: 'Expected org/repo_name, such as acme/shop.',
    })
  }
}

/** A clone URL is what tells where a `GIT` repository is; GitHub knows its own. */
function checkCloneUrl(ctx: ServiceContext, host: RepositoryHost, cloneUrl: string | null): string | null {
  if (host === RepositoryHost.GIT && cloneUrl !== null) return ctx.repositoryHosts.checkCloneUrl(cloneUrl)
  if (host === RepositoryHost.GIT) {
    throw new SlipwayError('INVALID_INPUT', { message: 'cloneUrl is missing: repositoryHost GIT needs one' })
  }
  if (cloneUrl !== null) {
    throw new SlipwayError('INVALID_INPUT', { message: `cloneUrl is for repositoryHost GIT only, not ${host}` })
  }
  return null
}

function taken(name: string): SlipwayError {
  return new SlipwayError('PROJECT_EXISTS', { details: `Another project is named "${name}".` })
}

function audit(
  ctx: ServiceContext,
  tx: Transaction,
  action: 'project.create' | 'project.update',
  project: Project,
  at: Date,
): Promise<void> {
  const { id, name, repository, repositoryHost } = project
  // The clone URL may hold credentials: it is left out.
  const data = { name, repository, repositoryHost }
  return recordAuditEvent(tx, ctx.actor, { action, at, projectId: id, subjectId: id, data })
}
