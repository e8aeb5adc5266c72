import type { TypedDocumentNode } from '@graphql-typed-document-node/core'
import { execute, type GraphQLSchema, validate } from 'graphql'
import { SlipwayError } from '../core/errors.js'
import type { RequestContext } from '../modules/context/request-context.js'

/** A document that was found to fit the schema, ready to be executed any number of times. */
export type Operation<Data, Variables> = (variables: Variables, context: RequestContext) => Promise<Data>

/**
 * Prepares a typed document to be executed in process, with the same resolvers as one that came over HTTP.
 *
 * An operation ends with all of its data or throws what its first error was made of.
 *
 * @throws Error when the document does not fit the schema, which is a fault of the program
 */
export function prepareOperation<Data, Variables extends Record<string, unknown>>(
  schema: GraphQLSchema,
  document: TypedDocumentNode<Data, Variables>,
): Operation<Data, Variables> {
  const faults = validate(schema, document)
  if (faults.length > 0) throw new Error(`A document does not fit the schema: ${faults.join('; ')}`)
  return async (variables, context) => {
    const result = await execute({ schema, document, variableValues: variables, contextValue: context })
    const error = result.errors?.[0]
    if (error) throw error.originalError ?? new SlipwayError('INVALID_INPUT', { message: error.message })
    return result.data as Data
  }
}
