import { getNullableType, isListType } from 'graphql'
import { SlipwayError } from '../core/errors.js'
import { LARGEST_PAGE } from '../modules/pagination/page.args.js'
import type { Operation, SelectedField } from './operation.js'

/** An operation may ask for so many objects. */
const BUDGET = 20_000
/** A list that is not asked for by the page is taken to hold so many. */
const WHOLE_LIST = 10
const DEPTH = 16
const ALIASES = 100
/** The answer may be of so many parts, each of which is a part of the SQL statement that PostgreSQL has to plan. */
const PARTS = 500
/** A document may have so many tokens: names, braces, values and the like. */
export const TOKENS = 4_000

/** What an operation may cost at most: how many objects its answer may hold. */
export interface Cost {
  readonly requested: number
  readonly budget: number
}

/**
 * Finds out what an operation costs, before anything of it is done. An object costs one; one in a list costs as many as
 * the list may hold, and what is asked of it as many times as much.
 *
 * The way through the selections ends where a limit is passed, so that no document keeps it busy.
 *
 * @throws SlipwayError `QUERY_TOO_LARGE` that says what to ask instead
 */
export function weigh({ fields }: Operation): Cost {
  let requested = 0
  let aliases = 0
  let parts = 0

  const visit = (field: SelectedField, times: number, pageSize: number, path: readonly string[]): void => {
    if (field.nodes[0].alias !== undefined) aliases += 1
    if (aliases > ALIASES) refuse(`more than ${ALIASES} aliases`, 'Ask for some of it in another request.')
    const types = field.objectTypes
    if (types.length === 0 || field.name.startsWith('__')) return
    parts += 1
    if (parts > PARTS) refuse(`more than ${PARTS} selections`, 'Ask for some of it in another request.')
    if (path.length > DEPTH) {
      refuse(`deeper than ${DEPTH} levels at ${path.join('.')}`, 'Ask for what lies deeper by `node(id:)`.')
    }
    const { first } = field.args
    if (typeof first === 'number') checkFirst(first, path)
    const count = times * (isListType(getNullableType(field.definition.type)) ? pageSize : 1)
    requested += count
    if (requested > BUDGET) {
      refuse(
        `more than ${BUDGET} objects, reached at ${path.join('.')}`,
        'Ask for smaller pages with `first`, and for what follows with `after`.',
      )
    }
    const size = typeof first === 'number' ? Math.max(first, 1) : WHOLE_LIST
    for (const type of types) {
      for (const asked of field.on(type)) visit(asked, count, size, [...path, asked.key])
    }
  }

  for (const field of fields) visit(field, 1, WHOLE_LIST, [field.key])
  return { requested, budget: BUDGET }
}

function checkFirst(first: number, path: readonly string[]): void {
  if (first >= 0 && first <= LARGEST_PAGE) return
  throw new SlipwayError('INVALID_INPUT', {
    message: `Invalid first: ${first}`,
    details: `At ${path.join('.')}: ask for 0 to ${LARGEST_PAGE}, and for what follows with \`after\`.`,
  })
}

function refuse(what: string, advice: string): never {
  throw new SlipwayError('QUERY_TOO_LARGE', { message: `Query is too large: ${what}`, details: advice })
}
