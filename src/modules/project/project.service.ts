import { type Actor, maySeeProject } from '../../core/actor.js'
import { SlipwayError } from '../../core/errors.js'
import { currentTime } from '../../database/clock.js'
import { Prisma, type Project } from '../../database/generated/client.js'
import { RepositoryHost } from '../../database/generated/enums.js'
import { inTurn, type SqlReader, type Transaction, transaction } from '../../database/transaction.js'
import { refusingDuplicates } from '../../database/violations.js'
import { authorize, authorizeProjectName } from '../access/access.rules.js'
import { recordAuditEvent } from '../audit/audit.service.js'
import type { ServiceContext } from '../context/service-context.js'
import { isRepositoryName } from '../repository/repository-name.rules.js'
import { configureWorkflow } from '../workflow/workflow.configuration.js'
import type { WorkflowInput } from '../workflow/workflow.input.js'
import { auditedWorkflow, storedWorkflow, type Workflow } from '../workflow/workflow.js'
import { checkProjectName } from './project.rules.js'

interface NewProject {
  readonly name: string
  readonly repository: string
  readonly repositoryHost: RepositoryHost
  readonly cloneUrl?: string | null | undefined
  readonly buildWorkflow?: WorkflowInput | null | undefined
}

interface ProjectChange {
  /** The name it has. */
  readonly project: string
  /** The name it gets. */
  readonly name?: string | null | undefined
  readonly cloneUrl?: string | null | undefined
  /** Null: none any more. */
  readonly buildWorkflow?: WorkflowInput | null | undefined
}

/** Finds a project by its name; null when there is none or the actor may not see it. */
async function findProject(reader: SqlReader, actor: Actor, name: string): Promise<Project | null> {
  return maySeeProject(actor, name) ? readProject(reader, Prisma.sql`name = ${name}`) : null
}

/** Finds a project by its key, whoever may see it. */
export function findProjectByKey(reader: SqlReader, id: string): Promise<Project | null> {
  return readProject(reader, Prisma.sql`id = ${id}::uuid`)
}

async function readProject(reader: SqlReader, isIt: Prisma.Sql): Promise<Project | null> {
  const [project] = await reader.$queryRaw<Project[]>(Prisma.sql`
    SELECT id, name, repository, repository_host AS "repositoryHost", clone_url AS "cloneUrl", created_at AS "createdAt",
           build_workflow AS "buildWorkflow"
    FROM projects WHERE ${isIt}`)
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
  const buildWorkflow = configureWorkflow(ctx, input.buildWorkflow ?? null, {
    ...input,
    purpose: 'build',
    present: null,
  })
  authorize(ctx.actor, 'project.create')
  authorizeProjectName(ctx.actor, input.name)
  return refusingDuplicates(taken(input.name), () =>
    transaction(ctx.database, async tx => {
      const now = await currentTime(tx)
      const { name, repository, repositoryHost } = input
      const project = await tx.project.create({
        data: {
          name,
          repository,
          repositoryHost,
          cloneUrl,
          createdAt: now,
          buildWorkflow: storedWorkflow(buildWorkflow),
        },
      })
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
    transaction(inTurn(ctx.database, `project ${input.project}`), async tx => {
      const present = await requireProject(tx, ctx.actor, input.project)
      const { id, repositoryHost } = present
      authorize(ctx.actor, 'project.update')
      if (name !== undefined) authorizeProjectName(ctx.actor, name)
      const cloneUrl = input.cloneUrl == null ? undefined : checkCloneUrl(ctx, repositoryHost, input.cloneUrl)
      const data = {
        ...(name !== undefined && { name }),
        ...(cloneUrl !== undefined && { cloneUrl }),
        ...changedWorkflow(ctx, input, present),
      }
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

function changedWorkflow(ctx: ServiceContext, { buildWorkflow }: ProjectChange, project: Project) {
  if (buildWorkflow === undefined) return {}
  const present = project.buildWorkflow as Workflow | null
  const configured = configureWorkflow(ctx, buildWorkflow, { ...project, purpose: 'build', present })
  return { buildWorkflow: storedWorkflow(configured) }
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
  const data = { name, repository, repositoryHost, buildWorkflow: auditedWorkflow(project.buildWorkflow) }
  return recordAuditEvent(tx, ctx.actor, { action, at, projectId: id, subjectId: id, data })
}
