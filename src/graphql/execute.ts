import type { TypedDocumentNode } from '@graphql-typed-document-node/core'
import {
  type DocumentNode,
  execute,
  type GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  Kind,
  locatedError,
  OperationTypeNode,
  validate,
} from 'graphql'
import { SlipwayError } from '../core/errors.js'
import { sqlReader } from '../database/transaction.js'
import type { RequestContext } from '../modules/context/request-context.js'
import type { AnswerTag } from './entity-tag.js'
import { type Cost, weigh } from './limits.js'
import { type Operation, openOperation, type SelectedField } from './operation.js'
import { Reading } from './reading.js'

/** What came of an operation. Without `data` it was refused before anything of it was done. */
export interface Outcome {
  readonly data?: Readonly<Record<string, unknown>> | null
  readonly errors?: readonly GraphQLError[]
  readonly cost?: Cost
  /** The tag that was asked for, of an answer without errors. */
  readonly entityTag?: string
}

interface Request {
  readonly document: DocumentNode
  readonly operationName?: string | null
  readonly variables?: Readonly<Record<string, unknown>>
  /** Whether the answer can have a tag, and which. */
  readonly tag?: (operation: Operation) => AnswerTag | null
}

/**
 * Executes an operation of a document that was validated: a query with one SQL statement, a mutation with one for each
 * payload, after the mutation itself.
 */
export async function executeOperation(
  schema: GraphQLSchema,
  { document, operationName, variables = {}, tag }: Request,
  context: RequestContext,
): Promise<Outcome> {
  const node = getOperationAST(document, operationName)
  if (node == null) throw new Error('The document has no such operation')
  const operation = openOperation(schema, document, node, variables)
  if ('length' in operation) return { errors: operation }
  let cost: Cost
  try {
    cost = weigh(operation)
  } catch (error) {
    return { errors: [locatedError(error, undefined)] }
  }
  const outcome = await (node.operation === OperationTypeNode.MUTATION
    ? mutate(operation, context)
    : query(operation, context, tag?.(operation) ?? null))
  return { ...outcome, cost }
}

async function query(operation: Operation, context: RequestContext, tag: AnswerTag | null): Promise<Outcome> {
  try {
    const introspection = await introspect(operation)
    const reading = new Reading(operation, context)
    const reads = []
    for (const field of operation.fields) {
      const { key } = field
      reads.push([key, isIntrospection(field) ? () => introspection[key] : await reading.root(field)] as const)
    }
    const version = tag && reading.beside(tag.version)
    const columns = await reading.run(sqlReader(context.services.database))
    return {
      data: Object.fromEntries(reads.map(([key, read]) => [key, read(columns)])),
      ...(version && !reading.isOfTheMoment && { entityTag: tag.write(version(columns) as string) }),
    }
  } catch (error) {
    return { data: null, errors: [locatedError(error, undefined)] }
  }
}

/** One field after the other. What follows one that fails is not done. */
async function mutate(operation: Operation, context: RequestContext): Promise<Outcome> {
  const data: Record<string, unknown> = {}
  for (const field of operation.fields) {
    try {
      const reading = new Reading(operation, context)
      const read = await reading.root(field)
      data[field.key] = read(await reading.run(sqlReader(context.services.database)))
    } catch (error) {
      return { data: null, errors: [locatedError(error, field.nodes, [field.key])] }
    }
  }
  return { data }
}

function isIntrospection({ name }: SelectedField): boolean {
  return name === '__schema' || name === '__type'
}

/** What is asked of the schema itself, which needs no statement. */
async function introspect(operation: Operation): Promise<Readonly<Record<string, unknown>>> {
  const { schema, node, fragments, values } = operation
  const selections = operation.fields.filter(isIntrospection).flatMap(({ nodes }) => nodes)
  if (selections.length === 0) return {}
  const asked = { ...node, selectionSet: { kind: Kind.SELECTION_SET as const, selections } }
  const document = { kind: Kind.DOCUMENT as const, definitions: [asked, ...Object.values(fragments)] }
  const { data } = await execute({ schema, document, variableValues: values })
  return data ?? {}
}

/** A document that was found to fit the schema, ready to be executed any number of times. */
type PreparedOperation<Data, Variables> = (variables: Variables, context: RequestContext) => Promise<Data>

/**
 * Prepares a typed document to be executed in process, as one that comes over HTTP is.
 *
 * An operation ends with all of its data or throws what its first error was made of.
 *
 * @throws Error when the document does not fit the schema, which is a fault of the program
 */
export function prepareOperation<Data, Variables extends Record<string, unknown>>(
  schema: GraphQLSchema,
  document: TypedDocumentNode<Data, Variables>,
): PreparedOperation<Data, Variables> {
  const faults = validate(schema, document)
  if (faults.length > 0) throw new Error(`A document does not fit the schema: ${faults.join('; ')}`)
  return async (variables, context) => {
    const { data, errors } = await executeOperation(schema, { document, variables }, context)
    const error = errors?.[0]
    if (error) throw error.originalError ?? new SlipwayError('INVALID_INPUT', { message: error.message })
    return data as Data
  }
}
