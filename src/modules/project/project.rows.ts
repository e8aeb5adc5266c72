import { type Actor, maySeeProject } from '../../core/actor.js'
import { Prisma, type Project } from '../../database/generated/client.js'
import { newestByKey, type Page } from '../pagination/page.js'
import type { Rows, Sql } from '../reading/row.js'
import { PROJECTS } from '../reading/tables.js'
import type { ProjectsArgs } from './project.input.js'

/** A project by its name; null when the actor may not see it. */
export function projectNamed(actor: Actor, name: string): Rows<Project> | null {
  return maySeeProject(actor, name) ? PROJECTS.where(Prisma.sql`name = ${name}`) : null
}

/** The projects that the actor may see. */
export function visibleProjects(actor: Actor, args: ProjectsArgs): Page {
  const isFound = args.search ? Prisma.sql`strpos(lower(name), lower(${args.search})) > 0` : Prisma.sql`true`
  return newestByKey(PROJECTS, Prisma.sql`${isVisible(actor)} AND ${isFound}`, args)
}

/** Holds for the rows of `projects` that the actor may see. */
export function isVisible({ projects }: Actor): Sql {
  return projects === null ? Prisma.sql`true` : Prisma.sql`name = ANY (${[...projects]}::text[])`
}
