import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { SlipwayError } from '../core/errors.js'
import type { Database } from '../database/client.js'
import { type SqlReader, sqlReader } from '../database/transaction.js'
import {
  type Claim,
  claim,
  findEarlier,
  type KeptAnswer,
  keepAnswer,
  type RepeatableRequest,
  release,
  takeOver,
} from './idempotency.store.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** The claim under which a request with an `Idempotency-Key` is carried out. */
    claim: Claim | null
  }
}

interface IdempotencyOptions {
  readonly database: Database
  /** A request that has no answer after so long has died with its server; longer than any takes. */
  readonly leaseMs?: number
}

const LEASE_MS = 30_000
/** A repeat waits so long for the answer of the first, which is under way. */
const PATIENCE_MS = 20_000
const [FIRST_PAUSE_MS, LONGEST_PAUSE_MS] = [10, 250]
const HEADER = 'idempotency-key'

/**
 * Has every `POST` with an `Idempotency-Key` carried out once (contract, section 2): the same request of the same token
 * gets the first answer again for 24 hours, also when it comes while the first is under way, or after its server has died.
 *
 * An answer is kept before it is sent, as long as the database can be reached. One that says the request could not be carried out for now (5xx, 429) is not kept:
 * the request may be tried again under the same key. Nor is one that was given before the request was looked at, such as
 * that a token is faulty or a member of the body is missing.
 */
export async function addIdempotency(app: FastifyInstance, { database, leaseMs = LEASE_MS }: IdempotencyOptions) {
  const reader = sqlReader(database)
  app.decorateRequest('claim', null)
  app.addHook('preHandler', async (request, reply) => {
    const repeatable = repeatableOf(request)
    if (repeatable === null) return
    const outcome = await claimOrAnswer(reader, repeatable, leaseMs)
    if ('id' in outcome) {
      request.claim = outcome
      return
    }
    const { status, contentType, body } = outcome
    return reply.code(status).header('idempotent-replayed', 'true').type(contentType).send(body)
  })
  app.addHook('onSend', async (request, reply, payload) => {
    if (request.claim === null) return
    try {
      const body = typeof payload === 'string' ? payload : null
      const isKept = body !== null && isFinal(reply, body)
      if (isKept) await keepAnswer(reader, request.claim, { ...answerHead(reply), body })
      else await release(reader, request.claim, leaseMs)
    } catch (error) {
      // What the request did stands; a repeat finds that by the claim once its lease is over.
      request.log.error({ err: error }, 'An answer could not be kept for repeats of its request')
    }
  })
}

/** Null when the request cannot be told from another one, or nobody may repeat it. */
function repeatableOf({ method, url, headers, body, actor }: FastifyRequest): RepeatableRequest | null {
  const key = headers[HEADER]
  if (method !== 'POST' || key === undefined || actor === null || isQuery(url, body)) return null
  if (typeof key !== 'string' || !/^[!-~]{1,255}$/.test(key)) {
    throw new SlipwayError('INVALID_INPUT', {
      message: 'Invalid Idempotency-Key',
      details: 'Expected 1 to 255 visible ASCII characters, such as a UUID.',
    })
  }
  const hash = createHash('sha256')
    .update(JSON.stringify([url, body]))
    .digest('base64url')
  return { tokenId: actor.tokenId, key, hash }
}

/** Whether a GraphQL request changes nothing. Its answer need not be kept: asking again is as good. */
function isQuery(url: string, body: unknown): boolean {
  const { query } = (body ?? {}) as { readonly query?: unknown }
  return url.startsWith('/graphql') && typeof query === 'string' && !/\bmutation\b/.test(query)
}

/** Claims a request, or waits for the answer of the one before it. */
async function claimOrAnswer(
  reader: SqlReader,
  request: RepeatableRequest,
  leaseMs: number,
): Promise<Claim | KeptAnswer> {
  const giveUpAt = Date.now() + PATIENCE_MS
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 1.5, LONGEST_PAUSE_MS)) {
    const claimed = await claim(reader, request)
    if (claimed !== null) return claimed
    const earlier = await findEarlier(reader, request, leaseMs)
    // It became too old and was forgotten since: this one is new.
    if (earlier === null) continue
    if (earlier.hash !== request.hash) throw new SlipwayError('IDEMPOTENCY_KEY_REUSED')
    if (earlier.answer !== null) return earlier.answer
    if (earlier.leaseMs <= 0) {
      const taken = await takeOver(reader, earlier, leaseMs)
      if (taken !== null) return taken
    }
    if (Date.now() > giveUpAt) {
      const retryAfter = Math.max(1, Math.ceil(earlier.leaseMs / 1_000))
      throw new SlipwayError('IDEMPOTENCY_KEY_IN_USE', { retryAfter })
    }
    await sleep(pauseMs)
  }
}

function answerHead(reply: FastifyReply): Pick<KeptAnswer, 'status' | 'contentType'> {
  return { status: reply.statusCode, contentType: String(reply.getHeader('content-type') ?? 'application/json') }
}

/** Whether the same request would be answered the same. GraphQL tells in the body what could not be done for now. */
function isFinal({ statusCode }: FastifyReply, body: string): boolean {
  if (statusCode >= 500 || statusCode === 429 || statusCode === 401) return false
  return !/"code":"(UNAVAILABLE|INTERNAL_SERVER_ERROR|RATE_LIMITED)"/.test(body)
}
