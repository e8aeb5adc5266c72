import type { FastifyInstance, FastifyRequest } from 'fastify'
import { SlipwayError } from '../core/errors.js'
import { checkJsonDepth } from '../core/json.js'

const decoder = new TextDecoder('utf-8', { fatal: true })

/**
 * Has an application take bodies of JSON (RFC 8259) and no others. A body that is empty is none: whether there must be
 * one is the route's to say.
 */
export function takeJsonBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  const parse = app.getDefaultJsonParser('error', 'error')
  app.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    try {
      const text = readJsonText(request, body)
      if (text.trim() === '') done(null, undefined)
      else parse(request, text, done)
    } catch (error) {
      done(error as Error)
    }
  })
}

/**
 * The text of a body, not deeper than it may be; whether it is JSON is not looked at.
 *
 * @throws SlipwayError `BODY_NOT_JSON` when it is encoded in another way than UTF-8, or compressed
 */
export function readJsonText({ headers }: FastifyRequest, body: Buffer): string {
  const encoding = headers['content-encoding']?.trim().toLowerCase() ?? 'identity'
  if (encoding !== 'identity') {
    throw new SlipwayError('BODY_NOT_JSON', { details: `Send it without Content-Encoding, not as ${encoding}.` })
  }
  const [, charset] = /;\s*charset\s*=\s*"?([^\s;"]+)/i.exec(headers['content-type'] ?? '') ?? []
  if (charset !== undefined && !/^utf-?8$/i.test(charset)) {
    throw new SlipwayError('BODY_NOT_JSON', { details: `Send it as UTF-8, not as ${charset}.` })
  }
  const text = decode(body)
  checkJsonDepth(text)
  return text
}

/** Leaves out a byte order mark. */
function decode(body: Buffer): string {
  try {
    return decoder.decode(body)
  } catch {
    throw new SlipwayError('INVALID_INPUT', { message: 'The body is not UTF-8' })
  }
}
