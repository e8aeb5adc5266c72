import type { FastifyReply, FastifyRequest } from 'fastify'
import { SlipwayError } from '../core/errors.js'
import { cutText } from '../core/text.js'
import { describeError } from '../graphql/error-description.js'

/** Answers an error in the shape of the contract (section 2). */
export function sendRestError(thrown: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { message, reason, details } = describeRequestError(thrown, request, reply)
  return reply.send({ error: message, code: reason, details, request_id: request.id })
}

/** Finds out what to tell of an error, and sets the status and the headers of the answer by it. */
export function describeRequestError(thrown: unknown, request: FastifyRequest, reply: FastifyReply): SlipwayError {
  const error = fastifyError(thrown) ?? describeError(thrown, request.log)
  reply.code(error.status)
  if (error.status === 401) reply.header('www-authenticate', 'Bearer')
  if (error.retryAfter !== undefined) reply.header('retry-after', error.retryAfter)
  return error
}

/** Fastify may quote the URL. */
const LONGEST_MESSAGE = 500

/** Faults that Fastify finds in a request before a route gets it. */
function fastifyError(thrown: unknown): SlipwayError | null {
  if (!(thrown instanceof Error) || thrown instanceof SlipwayError) return null
  const { code, statusCode } = thrown as Error & { code?: string; statusCode?: number }
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return new SlipwayError('BODY_TOO_LARGE')
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') return new SlipwayError('BODY_NOT_JSON')
  if (statusCode === undefined || statusCode < 400 || statusCode >= 500) return null
  return new SlipwayError('INVALID_INPUT', { message: cutText(thrown.message, LONGEST_MESSAGE) })
}
