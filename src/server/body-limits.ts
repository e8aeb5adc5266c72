import type { FastifyInstance } from 'fastify'
import { SlipwayError } from '../core/errors.js'

/** A body may be nested this deep; the variables of a mutation are three or four levels deep. */
const DEEPEST_BODY = 64
/** The text of a document may have this many bytes. */
const LONGEST_DOCUMENT = 100_000

/** Refuses bodies that whoever works on them could not cope with: by their depth, or their document. */
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
      // One by one, since a list of a body may have more values than a call may have arguments.
      if (typeof value === 'object' && value !== null) for (const item of Object.values(value)) next.push(item)
    }
    level = next
  }
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
