import type { GraphQLField, GraphQLObjectType } from 'graphql'
import { getNamedType, getNullableType, isListType } from 'graphql'
import { parseCandidateVersion } from '../../../../../src/core/candidate-version.js'
import { SlipwayError } from '../../../../../src/core/errors.js'
import { parseCommit } from '../../../../../src/modules/repository/commit.rules.js'
import { keyOf } from './page.js'

/** How much of a list without pages may be asked for, by the type of its items. */
const LARGEST_LISTS: Readonly<Record<string, number>> = { Environment: 500, Freeze: 500 }
const LARGEST_LIST = 1_000
const LARGEST_PAGE = 100
const LARGEST_LIMIT = 100_000
const LARGEST_NUMBER = 2 ** 31 - 1

/** The lists whose cursors hold the number of a deployment; those of all others hold a key. */
const BY_NUMBER: ReadonlySet<string> = new Set(['Environment.deployments', 'Environment.activeDeployments'])

/**
 * Why arguments of a field are refused, whatever the data is; null: they are not.
 *
 * A question with such arguments is refused as a whole, even where the field is asked of no object.
 */
export function refusalOf(
  parent: GraphQLObjectType,
  field: GraphQLField<unknown, unknown>,
  args: Readonly<Record<string, unknown>>,
): string | null {
  const path = `${parent.name}.${field.name}`
  const { first, limit, after, version, candidate, candidateVersion, sha } = args
  if (typeof first === 'number' && (first < 0 || first > largestFirst(field))) return `Invalid first: ${first}`
  if (typeof limit === 'number' && (limit < 1 || limit > LARGEST_LIMIT)) return `Invalid limit: ${limit}`
  if (path === 'Environment.deployments' && !isOffsetGood(args)) return 'Invalid offset'
  const versions = [candidate, candidateVersion, getNamedType(field.type).name === 'ReleaseCandidate' ? version : null]
  const faults = [...versions.map(text => faultOf(parseCandidateVersion, text)), faultOf(parseCommit, sha)]
  const fault = faults.find(found => found !== null)
  if (fault !== undefined) return fault
  return typeof after === 'string' && !isCursorGood(BY_NUMBER.has(path), after) ? 'Invalid cursor' : null
}

function largestFirst({ type }: GraphQLField<unknown, unknown>): number {
  if (!isListType(getNullableType(type))) return LARGEST_PAGE
  return LARGEST_LISTS[getNamedType(type).name] ?? LARGEST_LIST
}

function isOffsetGood({ offset, after, status, actor, candidate, since, until }: Readonly<Record<string, unknown>>) {
  if (typeof offset !== 'number') return true
  return offset >= 0 && [after, status, actor, candidate, since, until].every(other => other == null)
}

function isCursorGood(isNumber: boolean, cursor: string): boolean {
  const key = keyOf(cursor)
  if (!isNumber) return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(key)
  return /^[1-9][0-9]{0,9}$/.test(key) && Number(key) <= LARGEST_NUMBER
}

function faultOf(parse: (text: string) => unknown, text: unknown): string | null {
  if (typeof text !== 'string') return null
  try {
    parse(text)
    return null
  } catch (error) {
    if (error instanceof SlipwayError) return error.message
    throw error
  }
}
