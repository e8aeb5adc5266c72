import { type Environment, Prisma, type Project } from '../../database/generated/client.js'
import type { EnvironmentTier } from '../../database/generated/enums.js'
import { type List, list } from '../reading/list.js'
import type { Row, Rows } from '../reading/row.js'
import { ENVIRONMENTS } from '../reading/tables.js'

/** The environments of a project in promotion order: by tier, and within a tier in the order of their creation. */
export function environmentsOf(
  project: Row<Project>,
  tiers: readonly EnvironmentTier[] | null,
  first: number | null,
): List {
  const isOfTier = tiers === null ? Prisma.sql`true` : Prisma.sql`tier = ANY (${tiers}::environment_tier[])`
  const rows = ENVIRONMENTS.where(Prisma.sql`project_id = ${project.id} AND ${isOfTier}`)
  return list(rows, environment => Prisma.sql`${environment.tier}, ${environment.id}`, first)
}

export function environmentNamed(project: Row<Project>, name: string): Rows<Environment> {
  return ENVIRONMENTS.where(Prisma.sql`project_id = ${project.id} AND name = ${name}`)
}
