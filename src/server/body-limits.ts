import type { FastifyInstance } from 'fastify'
import { SlipwayError } from '../core/errors.js'

/** A body may be nested this deep; the variables of a mutation are three or four levels deep. */
const DEEPEST_BODY = 64
/** The text of a document may have this many bytes. */
const LONGEST_DOCUMENT = 100_000

/** Refuses bodies that whoever works on them could not cope with: by their depth, their texts, or their document. */
export function limitBodies(app: FastifyInstance): void {
  app.addHook('preValidation', async ({ body, query }) => {
    checkBody(body)
    checkDocument(body)
    checkDocument(query)
  })
}

/** Goes through a body level by level, so that its depth takes no stack. */
function checkBody(body: unknown): void {
  let level: unknown[] = [body]
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > DEEPEST_BODY) throw invalid(`The body is nested deeper than ${DEEPEST_BODY} levels`)
    const next: unknown[] = []
    for (const value of level) {
      if (typeof value === 'string') checkText(value)
      else if (typeof value === 'object' && value !== null) next.push(...entriesOf(value))
    }
    level = next
  }
}

function* entriesOf(value: object): Iterable<unknown> {
  for (const [name, item] of Object.entries(value)) yield* [name, item]
}

/** JSON can write half of a surrogate pair, which no database stores; NUL is told apart where it is stored. */
function checkText(text: string): void {
  if (/\p{Surrogate}/u.test(text)) throw invalid('Text must not contain half of a surrogate pair')
}

function checkDocument(source: unknown): void {
  const document = (source as { readonly query?: unknown } | null | undefined)?.query
  if (typeof document === 'string' && Buffer.byteLength(document) > LONGEST_DOCUMENT) {
    throw new SlipwayError('QUERY_TOO_LARGE', {
      message: `Query is too large: its text has more than ${LONGEST_DOCUMENT} bytes`,
      details: 'Pass values as variables, or ask for some of it in another request.',
    })
  }
}

function invalid(message: string): SlipwayError {
  return new SlipwayError('INVALID_INPUT', { message })
}
