import type { Actor } from '../../core/actor.js'
import { SlipwayError } from '../../core/errors.js'
import { Prisma, type Project } from '../../database/generated/client.js'
import type { SqlTransaction } from '../../database/transaction.js'
import { authorize } from '../access/access.rules.js'
import { requireProject } from '../project/project.service.js'

/** What a freeze binds. */
export interface FreezeScope {
  /** Null: all projects. */
  readonly project: Project | null
  /** The keys of environments of the project; none: all of them. */
  readonly environmentIds: readonly string[]
}

/** More names than that are no list that somebody has read. */
const MOST_ENVIRONMENTS = 100

/** Holds for the environments that a freeze binds. */
export function isBound({ project, environmentIds }: FreezeScope): Prisma.Sql {
  if (project === null) return Prisma.sql`true`
  return environmentIds.length === 0
    ? Prisma.sql`project_id = ${project.id}::uuid`
    : Prisma.sql`id = ANY (${environmentIds}::uuid[])`
}

/** What is to be frozen, by names. */
export interface NamedScope {
  /** The project's name; without it, all projects. */
  readonly project?: string | null | undefined
  /** The names of its environments; without any, all of them. */
  readonly environments?: readonly string[] | null | undefined
}

/**
 * Finds what is to be frozen, for somebody who may freeze it.
 *
 * @throws SlipwayError `PROJECT_NOT_FOUND`, `FORBIDDEN`, `ENVIRONMENT_NOT_FOUND`, or `INVALID_INPUT` where there are too
 * many names, or names without a project
 */
export async function scopeToFreeze(
  tx: SqlTransaction,
  actor: Actor,
  { project: name, environments }: NamedScope,
): Promise<FreezeScope> {
  const names = environments ?? []
  if (names.length > MOST_ENVIRONMENTS) {
    throw new SlipwayError('INVALID_INPUT', {
      message: `environments has more than ${MOST_ENVIRONMENTS} names; without any, all of the project are bound`,
    })
  }
  const project = name == null ? null : await requireProject(tx, actor, name)
  authorize(actor, 'freeze.create')
  if (project === null) refuseLimited(actor)
  return { project, environmentIds: await environmentIdsOf(tx, project, names) }
}

/** @throws SlipwayError `FORBIDDEN` when what concerns all projects is asked for with a token that is limited to some */
export function refuseLimited(actor: Actor): void {
  if (actor.projects !== null) {
    throw new SlipwayError('FORBIDDEN', { details: 'The token is limited to projects: name one of them.' })
  }
}

async function environmentIdsOf(
  tx: SqlTransaction,
  project: Project | null,
  names: readonly string[],
): Promise<string[]> {
  if (names.length === 0) return []
  if (project === null) {
    throw new SlipwayError('INVALID_INPUT', { message: 'project is missing: environments are those of a project' })
  }
  const rows = await tx.$queryRaw<{ id: string; name: string }[]>(Prisma.sql`
    SELECT id, name FROM environments WHERE project_id = ${project.id}::uuid AND name = ANY (${names}::text[])`)
  const unknown = names.find(name => !rows.some(row => row.name === name))
  if (unknown !== undefined) {
    throw new SlipwayError('ENVIRONMENT_NOT_FOUND', { details: `The project has no environment "${unknown}".` })
  }
  return rows.map(({ id }) => id)
}
