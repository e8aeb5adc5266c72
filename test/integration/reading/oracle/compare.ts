import {
  type ExecutionResult,
  type GraphQLSchema,
  getArgumentValues,
  getOperationAST,
  getVariableValues,
  isObjectType,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql'
import type { Question } from './oracle.js'
import { refusalOf } from './reads/refusals.js'

/** What came over HTTP. */
export interface Answer {
  readonly data?: unknown
  readonly errors?: readonly {
    readonly message: string
    readonly path?: readonly (string | number)[]
    readonly extensions?: { readonly code?: string; readonly reason?: string }
  }[]
  readonly extensions?: { readonly cost?: { readonly requested: number } }
}

/** How many objects a value holds, itself included; null is none. */
export function objectsIn(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  const inside = Object.values(value).reduce<number>((sum, member) => sum + objectsIn(member), 0)
  return Array.isArray(value) ? inside : inside + 1
}

/** Whether a question was refused since its answer could be too large. */
export function isTooLarge({ errors = [] }: Answer): boolean {
  return errors.some(({ extensions }) => extensions?.reason === 'QUERY_TOO_LARGE')
}

/**
 * What is wrong with an answer; null: nothing is.
 *
 * Data has to be the same text, and so in the same order. A question of which one field fails is refused as a whole, with
 * one of the errors that the oracle has: where GraphQL has an answer in part, there is none. It may also be refused for
 * arguments of a field that turns out to be asked of no object, of which the oracle has no error.
 */
export function faultOf(
  schema: GraphQLSchema,
  question: Question,
  got: Answer,
  expected: ExecutionResult,
): string | null {
  const { errors = [] } = got
  const { errors: faults = [] } = expected
  const [error] = errors
  if (error === undefined) {
    if (faults.length > 0) return `it has no error, and ${JSON.stringify(faults)} was expected`
    return JSON.stringify(got.data) === JSON.stringify(expected.data) ? null : 'its data is another'
  }
  if (error.extensions?.code === 'INTERNAL_SERVER_ERROR') return 'it failed'
  if (got.data != null) return 'it has an error, and data beside it'
  const path = pathOf(error.path)
  const isExpected =
    faults.some(
      fault => fault.message === error.message && (error.path === undefined || pathOf(fault.path) === path),
    ) || refusalsIn(schema, question).includes(error.message)
  return isExpected ? null : `its error is another than ${JSON.stringify(faults)}`
}

/** A path without the places in lists, where one field has several. */
function pathOf(path: readonly (string | number)[] = []): string {
  return path.filter(key => typeof key === 'string').join('.')
}

/** Why a question may be refused, whatever the data is. */
function refusalsIn(schema: GraphQLSchema, { document, variables, operationName }: Question): string[] {
  const operation = getOperationAST(document, operationName)
  const { coerced = {} } = getVariableValues(schema, operation?.variableDefinitions ?? [], variables)
  const info = new TypeInfo(schema)
  const refusals: string[] = []
  visit(
    document,
    visitWithTypeInfo(info, {
      Field: node => {
        const [parent, definition] = [info.getParentType(), info.getFieldDef()]
        if (!isObjectType(parent) || definition == null) return
        try {
          const refusal = refusalOf(parent, definition, getArgumentValues(definition, node, coerced))
          if (refusal !== null) refusals.push(refusal)
        } catch (error) {
          refusals.push((error as Error).message)
        }
      },
    }),
  )
  return refusals
}
