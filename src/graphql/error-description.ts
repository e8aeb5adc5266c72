import { GraphQLError } from 'graphql'
import type { Logger } from 'pino'
import { SlipwayError } from '../core/errors.js'
import { isDatabaseUnavailable, isTextRefused } from '../database/faults.js'

/**
 * The error to be told to the caller for whatever was thrown: the domain's own as it is; a database that is out of
 * reach as such; anything else as internal, with nothing of its text. What is not the caller's doing is logged.
 */
export function describeError(thrown: unknown, log: Pick<Logger, 'error'>): SlipwayError {
  const error = thrown instanceof GraphQLError && thrown.originalError ? thrown.originalError : thrown
  if (error instanceof SlipwayError) {
    if (error.status >= 500) log.error({ err: error }, error.message)
    return error
  }
  if (isTextRefused(error)) {
    return new SlipwayError('INVALID_INPUT', { message: 'Text must not contain the character U+0000' })
  }
  if (isDatabaseUnavailable(error)) {
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
