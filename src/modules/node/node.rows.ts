import type { Actor } from '../../core/actor.js'
import { fromGlobalId, type NodeKind } from '../../core/global-id.js'
import { Prisma } from '../../database/generated/client.js'
import { isVisible } from '../project/project.rows.js'
import { Rows, type Sql } from '../reading/row.js'
import { CANDIDATES, DEPLOYMENTS, ENVIRONMENTS, FREEZES, PROJECTS, RELEASES, type Table } from '../reading/tables.js'

/** The row of a global ID; null when it is none. There is no row where the actor may not see its project. */
export function nodeRow(actor: Actor, id: string): Rows | null {
  const node = fromGlobalId(id)
  if (node === null) return null
  const { typename, table } = NODES[node.kind]
  const isSeen = node.kind === 'project' ? isVisible(actor) : isInVisibleProject(actor)
  const { shape, select } = table.where(Prisma.sql`id = ${node.key}::uuid AND (${isSeen})`)
  return new Rows(shape, select, typename)
}

const NODES: Record<NodeKind, { readonly typename: string; readonly table: Table<unknown> }> = {
  project: { typename: 'Project', table: PROJECTS },
  environment: { typename: 'Environment', table: ENVIRONMENTS },
  release: { typename: 'Release', table: RELEASES },
  candidate: { typename: 'ReleaseCandidate', table: CANDIDATES },
  deployment: { typename: 'Deployment', table: DEPLOYMENTS },
  freeze: { typename: 'Freeze', table: FREEZES },
}

function isInVisibleProject(actor: Actor): Sql {
  if (actor.projects === null) return Prisma.sql`true`
  // A freeze of everything is of no project.
  return Prisma.sql`project_id IS NULL OR project_id IN (SELECT projects.id FROM projects WHERE ${isVisible(actor)})`
}
