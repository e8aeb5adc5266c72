import {
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLSchema,
  Kind,
  parse,
  print,
  type SelectionNode,
  type SelectionSetNode,
  validate,
  visit,
} from 'graphql'
import type { Question } from './oracle.js'

/** This many smaller questions are tried. */
const TRIES = 300

/** The smallest question that still has a fault, as far as taking one thing away after the other leads to it. */
export async function shrink(
  schema: GraphQLSchema,
  question: Question,
  hasFault: (smaller: Question) => Promise<boolean>,
): Promise<Question> {
  let smallest = question
  let tries = 0
  for (let place = 0; tries < TRIES; place += 1) {
    const smaller = without(smallest.document, place)
    if (smaller === null) return smallest
    const document = withoutUnused(smaller)
    if (!isValid(schema, document)) continue
    tries += 1
    if (!(await hasFault({ ...smallest, document }))) continue
    smallest = { ...smallest, document }
    // What could not go before may go now.
    place = -1
  }
  return smallest
}

function isValid(schema: GraphQLSchema, document: DocumentNode): boolean {
  try {
    // An operation of which nothing is left can be printed, but not be read.
    return validate(schema, parse(print(document))).length === 0
  } catch {
    return false
  }
}

/** A document without the n-th thing that may go: a selection, the braces of a fragment, an argument, a directive. */
function without(document: DocumentNode, place: number): DocumentNode | null {
  let rest = place
  let isFound = false
  const isIt = () => {
    rest -= 1
    isFound ||= rest === -1
    return rest === -1
  }
  const smaller = visit(document, {
    SelectionSet: set => {
      for (const selection of set.selections) {
        if (isIt()) return withSelections(set, selection, [])
        if (selection.kind !== Kind.FIELD && isIt())
          return withSelections(set, selection, insideOf(selection, document))
      }
      return undefined
    },
    Argument: () => (isIt() ? null : undefined),
    Directive: () => (isIt() ? null : undefined),
  })
  return isFound ? smaller : null
}

function withSelections(set: SelectionSetNode, old: SelectionNode, selections: readonly SelectionNode[]) {
  return { ...set, selections: set.selections.flatMap(other => (other === old ? selections : [other])) }
}

function insideOf(fragment: SelectionNode, { definitions }: DocumentNode): readonly SelectionNode[] {
  if (fragment.kind !== Kind.FRAGMENT_SPREAD) return fragment.selectionSet?.selections ?? []
  const definition = definitions.find(
    (other): other is FragmentDefinitionNode =>
      other.kind === Kind.FRAGMENT_DEFINITION && other.name.value === fragment.name.value,
  )
  return definition?.selectionSet.selections ?? []
}

/** Takes away fields, fragments and variables that nothing is left of. */
function withoutUnused(document: DocumentNode): DocumentNode {
  const ifEmpty = { leave: (node: { selectionSet?: SelectionSetNode }) => (isEmpty(node) ? null : undefined) }
  const full = visit(document, { Field: ifEmpty, InlineFragment: ifEmpty, FragmentDefinition: ifEmpty })
  const used = new Set<string>()
  visit(full, {
    FragmentSpread: ({ name }) => {
      used.add(`...${name.value}`)
    },
    // Its declaration is no use of a variable.
    VariableDefinition: () => false,
    Variable: ({ name }) => {
      used.add(name.value)
    },
  })
  return visit(full, {
    FragmentDefinition: ({ name }) => (used.has(`...${name.value}`) ? undefined : null),
    VariableDefinition: ({ variable }) => (used.has(variable.name.value) ? undefined : null),
  })
}

function isEmpty({ selectionSet }: { selectionSet?: SelectionSetNode }): boolean {
  return selectionSet?.selections.length === 0
}
