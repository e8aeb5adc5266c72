import { setImmediate as turn } from 'node:timers/promises'
import type { TypedDocumentNode } from '@graphql-typed-document-node/core'
import {
  type DocumentNode,
  type GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  locatedError,
  OperationTypeNode,
  validate,
} from 'graphql'
import { SlipwayError } from '../core/errors.js'
import { type SqlReader, sqlReader } from '../database/transaction.js'
import type { RequestContext } from '../modules/context/request-context.js'
import { Outgrown } from '../modules/reading/list-sizes.js'
import type { AnswerTag } from './entity-tag.js'
import { introspect, isIntrospection } from './introspection.js'
import { type Cost, weigh } from './limits.js'
import { type Operation, openOperation } from './operation.js'
import { Reading } from './reading.js'

/** An operation of more effort is large: others are let in between its steps, and a mutation, too, waits for its turn. */
const LARGE = 1_000

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
  try {
    // Without a token nothing but the schema can be read.
    if (context.actor !== null) await context.listSizes.refresh()
    return await (node.operation === OperationTypeNode.MUTATION
      ? mutate(operation, context)
      : query(operation, context, tag?.(operation) ?? null))
  } catch (error) {
    return { errors: [locatedError(error, undefined)] }
  }
}

/** @throws SlipwayError when the query is refused before anything of it is done */
async function query(operation: Operation, context: RequestContext, tag: AnswerTag | null): Promise<Outcome> {
  const introspection = introspect(operation)
  return untilWithinSizes(context, async () => {
    const { cost, effort } = weigh(operation, context.listSizes, introspection)
    try {
      return { cost, ...(await context.query(effort, reader => answer(reader, effort > LARGE))) }
    } catch (error) {
      if (error instanceof Outgrown) throw error
      return { cost, data: null, errors: [locatedError(error, undefined)] }
    }
  })

  async function answer(reader: SqlReader, isLarge: boolean): Promise<Outcome> {
    const reading = new Reading(operation, context)
    const reads = []
    for (const field of operation.fields) {
      const { key } = field
      reads.push([key, isIntrospection(field) ? () => introspection.data[key] : await reading.root(field)] as const)
    }
    const version = tag && reading.beside(tag.version)
    // Writing the statement, reading its answer and writing the data each keep the event loop from everything else.
    if (isLarge) await turn()
    const columns = await reading.run(reader)
    if (isLarge) await turn()
    return {
      data: Object.fromEntries(reads.map(([key, read]) => [key, read(columns)])),
      ...(version && !reading.isOfTheMoment && { entityTag: tag.write(version(columns) as string) }),
    }
  }
}

/**
 * One field after the other. What follows one that fails is not done. A mutation with a large payload waits for its turn
 * among the queries before anything of it is done.
 *
 * @throws SlipwayError when the mutation is refused before anything of it is done
 */
async function mutate(operation: Operation, context: RequestContext): Promise<Outcome> {
  const { cost, effort } = weigh(operation, context.listSizes)
  const work = () => carryOut(operation, context)
  return { cost, ...(await (effort > LARGE ? context.query(effort, work) : work())) }
}

async function carryOut(operation: Operation, context: RequestContext): Promise<Outcome> {
  context.onMutation()
  const data: Record<string, unknown> = {}
  for (const field of operation.fields) {
    try {
      const answer = await new Reading(operation, context).carryOut(field)
      data[field.key] = await untilWithinSizes(context, async () => {
        const reading = new Reading(operation, context)
        const read = await reading.answered(field, answer)
        return read(await reading.run(sqlReader(context.services.database)))
      })
    } catch (error) {
      return { data: null, errors: [locatedError(error, field.nodes, [field.key])] }
    }
  }
  return { data }
}

/** Repeats what reads lists until none turns out to be longer than was known; a size can grow a few times only. */
async function untilWithinSizes<Result>({ listSizes }: RequestContext, read: () => Promise<Result>): Promise<Result> {
  for (;;) {
    try {
      return await read()
    } catch (error) {
      if (!(error instanceof Outgrown)) throw error
      await listSizes.correct(error)
    }
  }
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
