import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { SlipwayError } from '../core/errors.js'
import type { Database } from '../database/client.js'
import { type SqlReader, sqlReader } from '../database/transaction.js'
import { errorExtensions } from '../graphql/error-description.js'
import {
  type Claim,
  claim,
  findEarlier,
  forget,
  type KeptAnswer,
  keepAnswer,
  type RepeatableRequest,
  release,
  takeOver,
} from './idempotency.store.js'
import { KeyQuota } from './key-quota.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** The claim under which a request with an `Idempotency-Key` is carried out. */
    claim: Claim | null
    /** Whether something was begun that may have changed something. */
    isMutating: boolean
  }
}

/** A repeat waits so long for the answer of the first, which is under way. */
const PATIENCE_MS = 20_000
const [FIRST_PAUSE_MS, LONGEST_PAUSE_MS] = [10, 250]
const JSON_TYPE = 'application/json; charset=utf-8'
const HEADER = 'idempotency-key'
/** The largest answer that is kept, in bytes. What a mutation changes and what a pipeline asks of it takes a tenth. */
const LARGEST_KEPT_ANSWER = 32 * 1024

/**
 * Has every `POST` with an `Idempotency-Key` carried out once (contract, section 2): the same request of the same token
 * gets the first answer again for 24 hours, also when it comes while the first is under way, or after its server has died.
 *
 * An answer is kept before it is sent, as long as the database can be reached. One that says the request could not be
 * carried out for now (5xx, 429) is not kept: the request may be tried again under the same key. Nor is one to a request
 * that nothing was begun of: a query, or one that was refused for its shape. Its key is free again.
 */
export async function addIdempotency(app: FastifyInstance, database: Database) {
  const reader = sqlReader(database)
  const quota = new KeyQuota(reader)
  app.decorateRequest('claim', null)
  app.decorateRequest('isMutating', false)
  app.addHook('preHandler', async (request, reply) => {
    const repeatable = repeatableOf(request)
    if (repeatable === null) return
    const outcome = await claimOrAnswer(reader, quota, repeatable)
    if ('id' in outcome) {
      request.claim = outcome
      return
    }
    const { status, contentType, body } = outcome
    return reply.code(status).header('idempotent-replayed', 'true').type(contentType).send(body)
  })
  app.addHook('onSend', async (request, reply, payload) => {
    const { claim, isMutating } = request
    if (claim === null) return
    try {
      const body = typeof payload === 'string' ? payload : null
      if (!isMutating && claim.isNew) await forget(reader, claim)
      else if (isMutating && body !== null && isFinal(reply, body)) await keepAnswer(reader, claim, keptOf(reply, body))
      else await release(reader, claim)
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

/** Whether a GraphQL request can be told to change nothing by its text alone, so that it need not even be claimed. */
function isQuery(url: string, body: unknown): boolean {
  const { query } = (body ?? {}) as { readonly query?: unknown }
  return url.startsWith('/graphql') && typeof query === 'string' && !/\bmutation\b/.test(query)
}

/** Claims a request, or waits for the answer of the one before it. */
async function claimOrAnswer(
  reader: SqlReader,
  quota: KeyQuota,
  request: RepeatableRequest,
): Promise<Claim | KeptAnswer> {
  const giveUpAt = Date.now() + PATIENCE_MS
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 1.5, LONGEST_PAUSE_MS)) {
    const isUsedUp = await quota.isUsedUp(request.tokenId)
    const claimed = isUsedUp ? null : await claim(reader, request)
    if (claimed !== null) {
      quota.add(request.tokenId)
      return claimed
    }
    const earlier = await findEarlier(reader, request)
    if (earlier === null && isUsedUp) throw KeyQuota.refusal()
    // It was forgotten since: this one is new.
    if (earlier === null) continue
    if (earlier.hash !== request.hash) throw new SlipwayError('IDEMPOTENCY_KEY_REUSED')
    if (earlier.answer !== null) return earlier.answer
    if (earlier.leaseMs <= 0) {
      const taken = await takeOver(reader, earlier)
      if (taken !== null) return taken
    }
    if (Date.now() > giveUpAt) {
      const retryAfter = Math.max(1, Math.ceil(earlier.leaseMs / 1_000))
      throw new SlipwayError('IDEMPOTENCY_KEY_IN_USE', { retryAfter })
    }
    await sleep(pauseMs)
  }
}

/** What the repeats of a request are answered. Only GraphQL can ask for an answer that is too large to be kept. */
function keptOf(reply: FastifyReply, body: string): KeptAnswer {
  if (Buffer.byteLength(body) <= LARGEST_KEPT_ANSWER) {
    return { status: reply.statusCode, contentType: String(reply.getHeader('content-type') ?? JSON_TYPE), body }
  }
  const error = new SlipwayError('ANSWER_NOT_KEPT', { details: 'Ask with a query for what it has changed.' })
  const errors = [{ message: error.message, extensions: errorExtensions(error) }]
  return { status: error.status, contentType: JSON_TYPE, body: JSON.stringify({ errors }) }
}

/** Whether the same request would be answered the same. GraphQL tells in the body what could not be done for now. */
function isFinal({ statusCode }: FastifyReply, body: string): boolean {
  if (statusCode >= 500 || statusCode === 429 || statusCode === 401) return false
  return !/"code":"(UNAVAILABLE|INTERNAL_SERVER_ERROR|RATE_LIMITED)"/.test(body)
}
