import {
  type GraphQLArgument,
  type GraphQLInputType,
  getNamedType,
  getNullableType,
  isEnumType,
  isListType,
} from 'graphql'
import type { Random } from '../../../../support/random.js'
import { cursorOf } from '../reads/page.js'
import { globalId, versionOf } from '../reads/rows.js'
import { DAY_MS } from '../seed/catalog.js'
import type { Tables } from '../tables.js'

/** Of what a question is, as far as it says so: it is then asked for things that are there. */
export interface Topic {
  /** The type of the node that is asked for. */
  readonly typename?: string
  readonly projectId?: string | null
}

/** How many values cannot be, and how many are of nothing that there is. */
const WRONG = 0.03
const UNKNOWN = 0.06

/** Values for arguments: mostly of rows that there are. */
export class Values {
  /** One list for each type of which there are nodes. */
  private readonly nodes: readonly (readonly (readonly [id: string, topic: Topic])[])[]

  constructor(
    private readonly tables: Tables,
    private readonly random: Random,
  ) {
    const nodesOf = (typename: string, kind: string, rows: readonly { id: string; projectId?: string | null }[]) =>
      rows.map(row => [globalId(kind, row), { typename, projectId: row.projectId ?? null }] as const)
    const nodes = [
      nodesOf(
        'Project',
        'project',
        tables.projects.map(({ id }) => ({ id, projectId: id })),
      ),
      nodesOf('Environment', 'environment', tables.environments),
      nodesOf('Release', 'release', tables.releases),
      nodesOf('ReleaseCandidate', 'candidate', tables.candidates),
      nodesOf('Deployment', 'deployment', tables.deployments),
      nodesOf('Freeze', 'freeze', tables.freezes),
    ]
    this.nodes = nodes.filter(({ length }) => length > 0)
  }

  /** A node, of each type as often. */
  node(): readonly [id: string, topic: Topic] {
    const { random } = this
    const [id, topic] = random.pick(random.pick(this.nodes))
    if (!random.chance(UNKNOWN)) return [id, topic]
    const last = id.slice(0, -1)
    const kind = id.slice(0, id.lastIndexOf('_'))
    return [random.pick([`${last}0`, last, id.toUpperCase(), id.replace(kind, 'run'), '', kind]), topic]
  }

  /** The name of a project, more often of one in which there is something. */
  project(): readonly [name: string, topic: Topic] {
    const { random, tables } = this
    const { id, name } = random.weighted(tables.projects, project =>
      tables.environments.some(({ projectId }) => projectId === project.id) ? 40 : 1,
    )
    return random.chance(UNKNOWN) ? [random.pick(['nothing', '', `${name} `]), {}] : [name, { projectId: id }]
  }

  /** A value of an argument that is not null, as JSON has it. */
  of(parent: string, field: string, argument: GraphQLArgument, topic: Topic): unknown {
    const { random } = this
    const type = getNullableType(argument.type)
    if (argument.name === 'first') return this.first()
    if (argument.name === 'limit')
      return random.chance(WRONG) ? random.pick([0, 100_001]) : random.pick([1, 3, 19, 20, 10_000])
    if (argument.name === 'after') return this.cursor(parent, field)
    if (argument.name === 'offset')
      return random.chance(WRONG) ? -1 : random.pick([0, 1, 3, 20, 44, 45, 1_000, 2 ** 31 - 1])
    if (isListType(type)) return this.list(type.ofType)
    return isEnumType(type) ? this.enumValue(type) : this.leaf(`${parent}.${field}`, argument, topic)
  }

  private first(): number {
    const { random } = this
    if (random.chance(WRONG)) return random.pick([-1, 1_001, 2 ** 31 - 1])
    return random.pick([0, 1, 1, 2, 2, 3, 5, 19, 20, 21])
  }

  private cursor(parent: string, field: string): string {
    const { random, tables } = this
    if (random.chance(WRONG)) return random.pick(['', 'MA', 'x', cursorOf('1.5'), cursorOf(2 ** 31)])
    if (parent === 'Environment') return cursorOf(random.pick([1, 2, 3, 5, 8, 9, 10, 20, 21, 30, 45, 46, 2 ** 31 - 1]))
    const rows: Readonly<Record<string, readonly { id: string }[]>> = {
      Query: field === 'freezes' ? tables.freezes : tables.projects,
      Project: tables.releases,
    }
    const known = rows[parent] ?? []
    return cursorOf(random.pick(known.length > 0 ? known : tables.deployments).id)
  }

  private list(item: GraphQLInputType): unknown {
    const type = getNullableType(item)
    const one = () => (isEnumType(type) ? this.enumValue(type) : this.text())
    // A value alone is a list of it.
    if (this.random.chance(0.2)) return one()
    return Array.from({ length: this.random.pick([0, 1, 2, 2, 3, 4]) }, one)
  }

  private enumValue(type: GraphQLInputType): string {
    const named = getNamedType(type)
    if (!isEnumType(named)) throw new Error(`${named.name} is no enum`)
    return this.random.pick(named.getValues()).name
  }

  private leaf(path: string, argument: GraphQLArgument, topic: Topic): unknown {
    const { random, tables } = this
    const isOf = ({ projectId }: { projectId: string }) => topic.projectId == null || projectId === topic.projectId
    const pickOf = <Row extends { projectId: string }>(rows: readonly Row[]) => {
      const own = rows.filter(isOf)
      return random.pick(own.length === 0 ? rows : own)
    }
    switch (path) {
      case 'Project.environment':
        return random.chance(UNKNOWN) ? 'nothing' : pickOf(tables.environments).name
      case 'Project.release':
        return random.chance(UNKNOWN) ? 'v0' : pickOf(tables.releases).version
      case 'Project.commit':
        return this.sha(pickOf(tables.candidates).commit)
      case 'Query.projects':
        return random.pick(['', 'shop', 'SHOP', 'o', ' ', '_', '%', '-', 'nothing 1', 'n', '\\'])
    }
    switch (argument.name) {
      case 'version':
      case 'candidate':
      case 'candidateVersion':
        return this.candidateVersion(() => versionOf(tables, this.deployedOr(pickOf(tables.candidates), isOf)))
      case 'actor':
        return pickOf(tables.deployments).actor
    }
    switch (getNamedType(argument.type).name) {
      case 'Int':
        return random.pick([0, 1, 2, 5, 20, 100])
      case 'Boolean':
        return random.chance(0.5)
      case 'DateTime':
        return this.time()
      default:
        return this.text()
    }
  }

  private deployedOr<Row extends { id: string }>(other: Row, isOf: (row: { projectId: string }) => boolean) {
    const { random, tables } = this
    const deployment = random.pick([null, ...tables.deployments.filter(isOf)])
    const id = random.chance(0.7) && deployment !== null ? deployment.candidateId : other.id
    const candidate = tables.candidates.find(candidate => candidate.id === id)
    if (candidate === undefined) throw new Error(`There is no candidate ${id}`)
    return candidate
  }

  private candidateVersion(known: () => string): string {
    const { random } = this
    if (random.chance(WRONG)) return random.pick(['v1', '', 'v1-rc0', '-rc1', 'v1-rc1\n'])
    return random.chance(UNKNOWN) ? 'v1-rc999999999' : known()
  }

  private sha(commit: string): string {
    const { random } = this
    if (random.chance(WRONG)) return random.pick(['', 'abc', 'xyzxyzxyz', `${commit}${commit}`])
    if (random.chance(UNKNOWN)) return random.hex(40)
    return random.pick([commit, commit.slice(0, 7), commit.slice(0, 13), commit.toUpperCase()])
  }

  /** The very time at which something was created, or any other. */
  private time(): string {
    const { random, tables } = this
    const { createdAt } = random.pick(tables.deployments)
    const near = random.pick([0, 0, 1, -1, 30 * DAY_MS, -30 * DAY_MS])
    const time = new Date(createdAt.getTime() + near).toISOString()
    return random.chance(0.3) ? time.replace('Z', '+00:00') : time
  }

  private text(): string {
    return this.random.pick(['', 'shop', 'v1', 'ann', '😀 "\\'])
  }
}
