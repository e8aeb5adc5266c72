import {
  type ArgumentNode,
  type DirectiveNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  GraphQLBoolean,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isAbstractType,
  isCompositeType,
  isListType,
  isObjectType,
  isRequiredArgument,
  Kind,
  OperationTypeNode,
  parse,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql'
import type { Random } from '../../../../support/random.js'
import type { Question } from '../oracle.js'
import { Interest } from './interest.js'
import { field, spread } from './nodes.js'
import { Scope } from './scope.js'
import type { Topic, Values } from './values.js'
import { Variables } from './variables.js'
import type { Size } from './writer.js'

/** How many a list without pages is taken to hold, and how many a page has by default. */
const LIST = 10
const PAGE = 20
/** Of more arguments each is given less often: filters that come together leave nothing. */
const FEW_ARGUMENTS = 3
/** Keys that an object may have already, or that look like what surrounds the answer. */
const ODD_ALIASES = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'id', 'data', 'errors', 'node', 'A', '_']
/** How interesting it is to ask for the same again. */
const REPETITION = 0.1

/** What is being asked for, where. */
interface Place {
  readonly scope: Scope
  readonly topic: Topic
  readonly depth: number
  readonly objects: number
  /** How many each of its lists is taken to hold. */
  readonly list: number
}

/** One question that is being written. Where fragments in it do not merge, it is not valid. */
export class Draft {
  private readonly variables: Variables
  private readonly fragments: FragmentDefinitionNode[] = []
  private aliases = 0
  private selections = 0
  private readonly interest: Interest

  constructor(
    private readonly schema: GraphQLSchema,
    private readonly values: Values,
    private readonly random: Random,
    private readonly size: Size,
    interestOf: (field: string) => number,
  ) {
    this.variables = new Variables(random)
    this.interest = new Interest(schema, interestOf)
  }

  question(): Question {
    const type = this.schema.getQueryType()
    if (type == null) throw new Error('The schema has no queries')
    const selectionSet = this.selectionSet(type, { scope: new Scope(), topic: {}, depth: 0, objects: 1, list: LIST })
    const name = { kind: Kind.NAME, value: 'Asked' } as const
    const operation = {
      kind: Kind.OPERATION_DEFINITION,
      operation: OperationTypeNode.QUERY,
      name,
      variableDefinitions: this.variables.definitions,
      selectionSet,
    } as const
    const isOneOfTwo = this.random.chance(0.1)
    const others = isOneOfTwo ? parse('query Other { __typename }').definitions : []
    const document: DocumentNode = {
      kind: Kind.DOCUMENT,
      definitions: this.random.shuffled([operation, ...others, ...this.fragments]),
    }
    return { document, variables: this.variables.values, ...(isOneOfTwo && { operationName: name.value }) }
  }

  private selectionSet(type: GraphQLCompositeType, place: Place): SelectionSetNode {
    const count = this.random.between(1, place.depth === 0 ? 3 : 5)
    const selections: SelectionNode[] = []
    while (selections.length < count) {
      this.selections += 1
      selections.push(this.selection(type, place))
      if (this.selections > this.size.selections) break
    }
    return { kind: Kind.SELECTION_SET, selections }
  }

  private selection(type: GraphQLCompositeType, place: Place): SelectionNode {
    const { random } = this
    // Of an interface, most is asked of the types that have it.
    const isDeeper = this.selections < this.size.selections && place.depth < this.size.depth
    if (isDeeper && random.chance(isAbstractType(type) ? 0.85 : 0.2)) return this.fragment(type, place)
    const known = isObjectType(type) ? place.scope.of(type.name) : []
    if (known.length > 0 && random.chance(0.08)) return this.again(type, place, random.pick(known))
    if (random.chance(0.06)) return this.typename(type, place)
    return this.anyField(type, place)
  }

  private typename(type: GraphQLCompositeType, { scope }: Place): FieldNode {
    const key = this.key('__typename', scope)
    scope.add(key, { parent: type.name, field: '__typename', args: [] })
    return field({ key, name: '__typename', args: [], directives: this.directives() })
  }

  private anyField(type: GraphQLCompositeType, place: Place): SelectionNode {
    const fields = 'getFields' in type ? Object.values(type.getFields()) : []
    const isLast = place.depth >= this.size.depth || this.selections >= this.size.selections
    const possible = fields.filter(one => {
      if (!isCompositeType(getNamedType(one.type))) return true
      return !isLast && !(isListType(getNullableType(one.type)) && place.objects * place.list > this.size.objects)
    })
    if (possible.length === 0) return this.typename(type, place)
    return this.field(
      type,
      this.random.weighted(
        possible,
        one => this.interest.in(type, one) ** 3 * (place.scope.has(one.name) ? REPETITION : 1),
      ),
      place,
    )
  }

  private field(
    parent: GraphQLCompositeType,
    { name, args, type }: GraphQLField<unknown, unknown>,
    place: Place,
  ): FieldNode {
    const asked = this.args(parent, name, args, place.topic)
    const key = this.key(name, place.scope)
    const scope = place.scope.add(key, { parent: parent.name, field: name, args: asked.nodes })
    const named = getNamedType(type)
    const directives = this.directives()
    if (!isCompositeType(named)) return field({ key, name, args: asked.nodes, directives })
    const isPage = args.some(argument => argument.name === 'after')
    const inner = {
      scope,
      topic: asked.topic,
      depth: place.depth + 1,
      objects: place.objects * (isListType(getNullableType(type)) ? (asked.first ?? place.list) : 1),
      list: isPage ? (asked.first ?? PAGE) : LIST,
    }
    return field({ key, name, args: asked.nodes, directives, selectionSet: this.selectionSet(named, inner) })
  }

  /** Asks for something again, and perhaps for more of it. */
  private again(
    type: GraphQLCompositeType,
    place: Place,
    [key, asked]: ReturnType<Scope['of']>[number],
  ): SelectionNode {
    const { field: name, args, scope } = asked
    const definition = 'getFields' in type ? type.getFields()[name] : undefined
    const named = definition && getNamedType(definition.type)
    const parts = { key, name, args, directives: this.directives() }
    if (!isCompositeType(named)) return field(parts)
    const inner = { ...place, scope, depth: place.depth + 1, objects: place.objects * LIST, list: LIST }
    return field({ ...parts, selectionSet: this.selectionSet(named, inner) })
  }

  private fragment(type: GraphQLCompositeType, place: Place): SelectionNode {
    const { random } = this
    const condition = this.condition(type, place.topic)
    const ready = this.fragments.filter(({ typeCondition }) => typeCondition.name.value === condition.name)
    const directives = this.directives()
    if (ready.length > 0 && random.chance(0.3)) return spread(random.pick(ready).name.value, directives)
    const topic =
      isAbstractType(condition) && isObjectType(type) ? { ...place.topic, typename: type.name } : place.topic
    const inner = { ...place, topic, depth: place.depth + (isAbstractType(type) ? 0 : 1) }
    const selectionSet = this.selectionSet(condition, inner)
    if (random.chance(0.35)) {
      const name = { kind: Kind.NAME, value: `F${this.fragments.length}` } as const
      const typeCondition = { kind: Kind.NAMED_TYPE, name: { kind: Kind.NAME, value: condition.name } } as const
      this.fragments.push({ kind: Kind.FRAGMENT_DEFINITION, name, typeCondition, selectionSet })
      return spread(name.value, directives)
    }
    const isNamed = condition !== type || random.chance(0.5)
    return {
      kind: Kind.INLINE_FRAGMENT,
      directives,
      selectionSet,
      ...(isNamed && {
        typeCondition: { kind: Kind.NAMED_TYPE, name: { kind: Kind.NAME, value: condition.name } },
      }),
    }
  }

  /** A type that what is asked of a type may be asked of. */
  private condition(type: GraphQLCompositeType, { typename }: Topic): GraphQLCompositeType {
    const { random, schema } = this
    if (isAbstractType(type)) {
      const possible = schema.getPossibleTypes(type)
      const expected = possible.find(({ name }) => name === typename)
      return expected !== undefined && random.chance(0.85) ? expected : random.pick([type, ...possible])
    }
    const interfaces = 'getInterfaces' in type ? type.getInterfaces() : []
    return random.chance(0.2) ? random.pick([type, ...interfaces]) : type
  }

  private args(parent: GraphQLCompositeType, name: string, args: GraphQLField<unknown, unknown>['args'], topic: Topic) {
    const { random, values } = this
    let inner: Topic = { ...(topic.projectId != null && { projectId: topic.projectId }) }
    let first: number | null = null
    const nodes: ArgumentNode[] = []
    // An offset goes with no filter.
    const isOffset = args.some(argument => argument.name === 'offset') && random.chance(0.15)
    for (const argument of random.shuffled(args)) {
      const isRequired = isRequiredArgument(argument)
      const isWanted = isOffset
        ? ['first', 'offset'].includes(argument.name)
        : argument.name !== 'offset' || random.chance(0.02)
      if (!isRequired && (!isWanted || !random.chance(args.length > FEW_ARGUMENTS ? 0.3 : 0.5))) continue
      let value: unknown
      if (parent.name === 'Query' && (name === 'node' || name === 'project')) {
        ;[value, inner] = name === 'node' ? values.node() : values.project()
      } else {
        value = values.of(parent.name, name, argument, topic)
      }
      const isNothing = !isRequired && random.chance(0.15)
      if (argument.name === 'first' && typeof value === 'number' && !isNothing) first = Math.max(value, 1)
      nodes.push({
        kind: Kind.ARGUMENT,
        name: { kind: Kind.NAME, value: argument.name },
        value: isNothing
          ? this.variables.nothing(argument.type)
          : this.variables.place(value, argument.type, !isRequired),
      })
    }
    return { nodes, topic: inner, first }
  }

  private key(name: string, scope: Scope): string {
    const { random } = this
    const wanted = random.chance(0.2) ? random.pick(ODD_ALIASES) : random.chance(0.1) ? `a${this.aliases}` : name
    if (wanted !== name) this.aliases += 1
    if (!scope.has(wanted)) return wanted
    this.aliases += 1
    return `b${this.aliases}`
  }

  /** What is asked for is most often not left out. */
  private directives(): DirectiveNode[] {
    const { random } = this
    if (random.chance(0.85)) return []
    return random
      .shuffled(['skip', 'include'])
      .slice(0, random.chance(0.8) ? 1 : 2)
      .map(name => {
        const isIncluded = random.chance(0.75)
        return {
          kind: Kind.DIRECTIVE,
          name: { kind: Kind.NAME, value: name },
          arguments: [
            {
              kind: Kind.ARGUMENT,
              name: { kind: Kind.NAME, value: 'if' },
              value: this.variables.place(isIncluded === (name === 'include'), GraphQLBoolean, false),
            },
          ],
        }
      })
  }
}
