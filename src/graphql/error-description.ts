import { GraphQLError } from 'graphql'
import type { Logger } from 'pino'
import { SlipwayError } from '../core/errors.js'
import { AskerLeft } from '../database/asker-left.js'
import { faultOf } from '../database/faults.js'

/**
 * The error to be told to the caller for whatever was thrown: the domain's own as it is; a database that is out of
 * reach as such; anything else as internal, with nothing of its text. What is not the caller's doing is logged.
 */
export function describeError(thrown: unknown, log: Pick<Logger, 'error' | 'warn'>): SlipwayError {
  const error = thrown instanceof GraphQLError && thrown.originalError ? thrown.originalError : thrown
  if (error instanceof SlipwayError) {
    // An overload is logged as a whole where it is noticed.
    if (error.status >= 500 && error.reason !== 'OVERLOADED') log.error({ err: error }, error.message)
    return error
  }
  if (error instanceof AskerLeft) return new SlipwayError('QUERY_TOO_SLOW', { cause: error })
  switch (faultOf(error)) {
    case 'text':
      return new SlipwayError('INVALID_INPUT', {
        message: 'A text has a character that the database cannot store',
        details: 'The encoding of the database should be UTF8.',
      })
    case 'size':
      return new SlipwayError('INVALID_INPUT', { message: 'A value is larger than can be stored' })
    case 'too slow':
      log.warn({ err: error }, 'A statement took longer than it may')
      return new SlipwayError('QUERY_TOO_SLOW', {
        retryAfter: 5,
        details: 'Ask for less: smaller pages with `first`, fewer filters together, a lower `limit` of counts.',
        cause: error,
      })
    case 'conflict':
    case 'busy':
    case 'lost':
    case 'read-only':
      log.error({ err: error }, 'The database is unavailable')
      return new SlipwayError('DATABASE_UNAVAILABLE', { retryAfter: 5, cause: error })
  }
  log.error({ err: error }, 'A request failed unexpectedly')
  return new SlipwayError('INTERNAL', { cause: error })
}

/** What GraphQL clients get to know of an error beside its message. */
export function errorExtensions(error: SlipwayError): Record<string, unknown> {
  const { code, reason, details, retryAfter } = error
  return { code, reason, ...(details !== undefined && { details }), ...(retryAfter !== undefined && { retryAfter }) }
}
