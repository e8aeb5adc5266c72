import { TypeID } from 'typeid-js'
import type { Project } from '../../../../../src/database/generated/client.js'
import type { Tables } from '../tables.js'
import { type PageArgs, pageByKey } from './page.js'
import { type Asker, byId, newestFirst, type Reads } from './read.js'
import { openFreezes } from './rows.js'

export function queryReads(tables: Tables): Reads<undefined> {
  const isVisible = ({ name }: Project, { projects }: Asker) => projects === null || projects.includes(name)
  const visibleProjects = (asker: Asker) => tables.projects.filter(project => isVisible(project, asker))
  /** What is of no project is for everybody to see. */
  const isOfVisible = (projectId: string | null, asker: Asker) =>
    projectId === null || visibleProjects(asker).some(({ id }) => id === projectId)
  return {
    viewer: (_root, _args, { subject, role, projects }) => ({ subject, role: role.toUpperCase(), projects }),
    node: (_root, { id }: { id: string }, asker) => {
      const found = nodeOf(tables, id)
      if (found === null) return null
      const isSeen = 'projectId' in found ? isOfVisible(found.projectId, asker) : isVisible(found, asker)
      return isSeen ? found : null
    },
    project: (_root, { name }: { name: string }, asker) =>
      visibleProjects(asker).find(project => project.name === name) ?? null,
    projects: (_root, args: PageArgs & { search?: string | null }, asker) => {
      const search = (args.search ?? '').toLowerCase()
      const found = visibleProjects(asker).filter(({ name }) => name.toLowerCase().includes(search))
      return pageByKey(newestFirst(found, byId), args)
    },
    freezes: (_root, args: PageArgs & { open?: boolean | null }, asker) => {
      const freezes = (args.open ? openFreezes(tables) : tables.freezes).filter(({ projectId }) =>
        isOfVisible(projectId, asker),
      )
      return pageByKey(newestFirst(freezes, byId), args)
    },
  }
}

/** The row of a global ID, with its type. */
function nodeOf(tables: Tables, text: string) {
  const id = parsed(text)
  if (id === null) return null
  const { kind, key } = id
  const find = <Row extends { id: string }, Name extends string>(rows: readonly Row[], __typename: Name) => {
    const row = rows.find(other => other.id === key)
    return row === undefined ? null : { ...row, __typename }
  }
  switch (kind) {
    case 'project':
      return find(tables.projects, 'Project')
    case 'environment':
      return find(tables.environments, 'Environment')
    case 'release':
      return find(tables.releases, 'Release')
    case 'candidate':
      return find(tables.candidates, 'ReleaseCandidate')
    case 'deployment':
      return find(tables.deployments, 'Deployment')
    case 'freeze':
      return find(tables.freezes, 'Freeze')
    default:
      return null
  }
}

function parsed(text: string): { kind: string; key: string } | null {
  try {
    const id = TypeID.fromString(text)
    return { kind: id.getType(), key: id.toUUID() }
  } catch {
    return null
  }
}
