import { maySeeProject } from '../../core/actor.js'
import { fromGlobalId, type NodeKind } from '../../core/global-id.js'
import type { Loaders } from '../context/request-context.js'
import type { ServiceContext } from '../context/service-context.js'

/** Finds the row of a global ID and names its GraphQL type; null when there is none or the actor may not see it. */
export async function findNode(ctx: ServiceContext, loaders: Loaders, id: string): Promise<object | null> {
  const node = fromGlobalId(id)
  if (node === null) return null
  const { typename, load } = SOURCES[node.kind]
  const row = await load(loaders, node.key)
  if (row === null) return null
  const project = await loaders.projects.load('projectId' in row ? row.projectId : row.id)
  if (project === null || !maySeeProject(ctx.actor, project.name)) return null
  return { __typename: typename, ...row }
}

interface NodeSource {
  readonly typename: string
  readonly load: (loaders: Loaders, key: string) => Promise<{ id: string } | { id: string; projectId: string } | null>
}

const SOURCES: Record<NodeKind, NodeSource> = {
  project: { typename: 'Project', load: (loaders, key) => loaders.projects.load(key) },
  environment: { typename: 'Environment', load: (loaders, key) => loaders.environments.load(key) },
  release: { typename: 'Release', load: (loaders, key) => loaders.releases.load(key) },
  candidate: { typename: 'ReleaseCandidate', load: (loaders, key) => loaders.candidates.load(key) },
  deployment: { typename: 'Deployment', load: (loaders, key) => loaders.deployments.load(key) },
}
