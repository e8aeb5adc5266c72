import {
  type ArgumentNode,
  type DirectiveNode,
  type FieldNode,
  type FragmentSpreadNode,
  type GraphQLInputType,
  getNullableType,
  isEnumType,
  isListType,
  Kind,
  type SelectionSetNode,
  type ValueNode,
} from 'graphql'

/** A value as it stands in a document. */
export function valueNode(value: unknown, type: GraphQLInputType): ValueNode {
  if (value === null) return { kind: Kind.NULL }
  const nullable = getNullableType(type)
  if (Array.isArray(value)) {
    const item = isListType(nullable) ? nullable.ofType : nullable
    return { kind: Kind.LIST, values: value.map(one => valueNode(one, item)) }
  }
  if (isListType(nullable)) return valueNode(value, nullable.ofType)
  switch (typeof value) {
    case 'boolean':
      return { kind: Kind.BOOLEAN, value }
    case 'number':
      return { kind: Kind.INT, value: String(value) }
    default:
      return isEnumType(nullable)
        ? { kind: Kind.ENUM, value: String(value) }
        : { kind: Kind.STRING, value: String(value) }
  }
}

interface FieldParts {
  readonly key: string
  readonly name: string
  readonly args: readonly ArgumentNode[]
  readonly directives: readonly DirectiveNode[]
  readonly selectionSet?: SelectionSetNode
}

export function field({ key, name, args, directives, selectionSet }: FieldParts): FieldNode {
  return {
    kind: Kind.FIELD,
    name: { kind: Kind.NAME, value: name },
    arguments: args,
    directives,
    ...(key !== name && { alias: { kind: Kind.NAME, value: key } }),
    ...(selectionSet && { selectionSet }),
  }
}

export function spread(name: string, directives: readonly DirectiveNode[]): FragmentSpreadNode {
  return { kind: Kind.FRAGMENT_SPREAD, name: { kind: Kind.NAME, value: name }, directives }
}
