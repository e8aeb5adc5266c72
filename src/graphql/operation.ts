import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  GraphQLError,
  type GraphQLField,
  GraphQLIncludeDirective,
  type GraphQLNamedOutputType,
  type GraphQLObjectType,
  type GraphQLSchema,
  GraphQLSkipDirective,
  getArgumentValues,
  getDirectiveValues,
  getNamedType,
  getVariableValues,
  isAbstractType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  SchemaMetaFieldDef,
  type SelectionSetNode,
  TypeMetaFieldDef,
  TypeNameMetaFieldDef,
} from 'graphql'
import type { RequestContext } from '../modules/context/request-context.js'

/** This many faults of variables are told: each may quote a whole value. */
const MOST_FAULTS = 10

/** An operation of a valid document, with the values of its variables. */
export interface Operation {
  readonly schema: GraphQLSchema
  readonly node: OperationDefinitionNode
  readonly fragments: Readonly<Record<string, FragmentDefinitionNode>>
  readonly variables: Readonly<Record<string, unknown>>
  /** The values of the variables as they came. */
  readonly values: Readonly<Record<string, unknown>>
  /** The type of the root: `Query` or `Mutation`. */
  readonly type: GraphQLObjectType
  /** What is asked of the root. */
  readonly fields: readonly SelectedField[]
}

/**
 * A field as an operation asks for it: fragments resolved, what is skipped left out, and what is asked for twice merged
 * (GraphQL specification, section 6.3.2).
 */
export class SelectedField {
  readonly key: string
  readonly name: string
  readonly args: Readonly<Record<string, unknown>>
  /** The type of its value, or of the values in its list. */
  readonly type: GraphQLNamedOutputType
  private readonly selections = new Map<GraphQLObjectType, readonly SelectedField[]>()

  constructor(
    private readonly document: Pick<Operation, 'schema' | 'fragments' | 'variables'>,
    readonly parent: GraphQLObjectType,
    readonly definition: GraphQLField<unknown, RequestContext>,
    readonly nodes: readonly [FieldNode, ...FieldNode[]],
  ) {
    const [node] = nodes
    this.key = node.alias?.value ?? node.name.value
    this.name = node.name.value
    this.type = getNamedType(definition.type)
    this.args =
      definition.args.length === 0
        ? {}
        : getArgumentValues(definition as GraphQLField<unknown, unknown>, node, document.variables)
  }

  /** The types of objects that its value can be; none for a leaf. */
  get objectTypes(): readonly GraphQLObjectType[] {
    if (isObjectType(this.type)) return [this.type]
    return isAbstractType(this.type) ? this.document.schema.getPossibleTypes(this.type) : []
  }

  /** What is asked of its value when that is of this type. */
  on(type: GraphQLObjectType): readonly SelectedField[] {
    let selected = this.selections.get(type)
    if (selected === undefined) {
      const sets = this.nodes.flatMap(node => node.selectionSet ?? [])
      selected = select(this.document, type, sets)
      this.selections.set(type, selected)
    }
    return selected
  }
}

/**
 * Opens an operation of a document that was validated.
 *
 * @returns the errors instead when values do not fit the types of the variables
 */
export function openOperation(
  schema: GraphQLSchema,
  document: DocumentNode,
  node: OperationDefinitionNode,
  values: Readonly<Record<string, unknown>>,
): Operation | readonly GraphQLError[] {
  const coerced = getVariableValues(schema, node.variableDefinitions ?? [], values, { maxErrors: MOST_FAULTS })
  if (coerced.errors !== undefined) return coerced.errors.map(asUserInput)
  const type = schema.getRootType(node.operation)
  if (type == null) return [asUserInput(new GraphQLError(`The schema has no ${node.operation}s`, { nodes: node }))]
  const fragments = Object.fromEntries(
    document.definitions
      .filter(definition => definition.kind === Kind.FRAGMENT_DEFINITION)
      .map(definition => [definition.name.value, definition]),
  )
  const parts = { schema, fragments, variables: coerced.coerced }
  try {
    return { ...parts, values, node, type, fields: select(parts, type, [node.selectionSet]) }
  } catch (error) {
    if (error instanceof GraphQLError) return [error]
    throw error
  }
}

/** What graphql-js finds wrong with values is the caller's doing. */
function asUserInput({ message, nodes = [] }: GraphQLError): GraphQLError {
  return new GraphQLError(message, { nodes, extensions: { code: 'BAD_USER_INPUT' } })
}

type Parts = Pick<Operation, 'schema' | 'fragments' | 'variables'>

function select(parts: Parts, type: GraphQLObjectType, sets: readonly SelectionSetNode[]): SelectedField[] {
  const nodes = new Map<string, [FieldNode, ...FieldNode[]]>()
  const seen = new Set<string>()
  try {
    for (const set of sets) collect(parts, type, set, nodes, seen)
    return Array.from(
      nodes.values(),
      asked => new SelectedField(parts, type, definitionOf(parts.schema, type, asked[0].name.value), asked),
    )
  } catch (error) {
    // A value that does not fit its argument, such as null in a variable that has a default.
    throw error instanceof GraphQLError ? asUserInput(error) : error
  }
}

function collect(
  parts: Parts,
  type: GraphQLObjectType,
  set: SelectionSetNode,
  nodes: Map<string, [FieldNode, ...FieldNode[]]>,
  seen: Set<string>,
): void {
  for (const selection of set.selections) {
    if (selection.directives?.length && isLeftOut(parts, selection)) continue
    if (selection.kind === Kind.FIELD) {
      const key = selection.alias?.value ?? selection.name.value
      const asked = nodes.get(key)
      if (asked === undefined) nodes.set(key, [selection])
      else asked.push(selection)
      continue
    }
    if (selection.kind === Kind.FRAGMENT_SPREAD) {
      if (seen.has(selection.name.value)) continue
      seen.add(selection.name.value)
    }
    const fragment = selection.kind === Kind.FRAGMENT_SPREAD ? parts.fragments[selection.name.value] : selection
    if (fragment !== undefined && applies(parts.schema, type, fragment.typeCondition?.name.value)) {
      collect(parts, type, fragment.selectionSet, nodes, seen)
    }
  }
}

function isLeftOut({ variables }: Parts, selection: SelectionSetNode['selections'][number]): boolean {
  const skip = getDirectiveValues(GraphQLSkipDirective, selection, variables)
  const include = getDirectiveValues(GraphQLIncludeDirective, selection, variables)
  return skip?.['if'] === true || include?.['if'] === false
}

function applies(schema: GraphQLSchema, type: GraphQLObjectType, condition: string | undefined): boolean {
  if (condition === undefined || condition === type.name) return true
  const conditional = schema.getType(condition)
  return isAbstractType(conditional) && schema.isSubType(conditional, type)
}

function definitionOf(
  schema: GraphQLSchema,
  type: GraphQLObjectType,
  name: string,
): GraphQLField<unknown, RequestContext> {
  if (name === TypeNameMetaFieldDef.name) return TypeNameMetaFieldDef
  if (type === schema.getQueryType()) {
    if (name === SchemaMetaFieldDef.name) return SchemaMetaFieldDef
    if (name === TypeMetaFieldDef.name) return TypeMetaFieldDef
  }
  const definition = type.getFields()[name]
  if (definition === undefined) throw new Error(`The document was not validated: ${type.name} has no field ${name}`)
  return definition
}
