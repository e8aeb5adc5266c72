import { v7 as uuid } from 'uuid'
import { Prisma } from '../database/generated/client.js'
import type { SqlReader } from '../database/transaction.js'

/** What a request was answered. */
export interface KeptAnswer {
  readonly status: number
  readonly contentType: string
  readonly body: string
}

/** A request that may be repeated. */
export interface RepeatableRequest {
  readonly tokenId: string
  readonly key: string
  /** The same for the same request. */
  readonly hash: string
}

/** A request that is carried out. Who takes it over gets another time: whoever had it before has no say any more. */
export interface Claim {
  readonly id: string
  readonly claimedAt: Date
  /** Whether nobody had it before, so that nothing can have been done under it. */
  readonly isNew: boolean
}

/** What is known of a request that came before. */
export interface EarlierRequest extends Pick<Claim, 'id'> {
  readonly hash: string
  /** Null: it has none yet. */
  readonly answer: KeptAnswer | null
  /** For how many milliseconds it may still be under way; from 0 on, its server must have died. */
  readonly leaseMs: number
}

/** An answer is kept for so long. */
const KEPT = Prisma.sql`interval '24 hours'`
/** No request takes this long: one without an answer has died with its server. */
const LEASE_MS = 30_000

/** Claims a request for who is to carry it out; null when it came before, within the time that answers are kept. */
export async function claim(reader: SqlReader, { tokenId, key, hash }: RepeatableRequest): Promise<Claim | null> {
  const [row] = await reader.$queryRaw<Claim[]>(Prisma.sql`
    INSERT INTO idempotency_keys AS present (id, token_id, key, request_hash, claimed_at)
    VALUES (${uuid()}::uuid, ${tokenId}, ${key}, ${hash}, clock_timestamp())
    ON CONFLICT (token_id, key) DO UPDATE
      SET id = excluded.id, request_hash = excluded.request_hash, claimed_at = excluded.claimed_at,
          status = NULL, content_type = NULL, body = NULL
      WHERE present.claimed_at < clock_timestamp() - ${KEPT}
    RETURNING id, claimed_at AS "claimedAt", true AS "isNew"`)
  return row ?? null
}

/** What is known of a request that was claimed; null when nothing is any more. */
export async function findEarlier(
  reader: SqlReader,
  { tokenId, key }: RepeatableRequest,
): Promise<EarlierRequest | null> {
  const [row] = await reader.$queryRaw<(EarlierRequest & { age: number } & Partial<KeptAnswer>)[]>(Prisma.sql`
    SELECT id, request_hash AS hash, status, content_type AS "contentType", body,
           (extract(epoch FROM clock_timestamp() - claimed_at) * 1000)::float8 AS age
    FROM idempotency_keys WHERE token_id = ${tokenId} AND key = ${key}`)
  if (row === undefined) return null
  const { id, hash, status, contentType, body, age } = row
  const answer = status != null && contentType != null && body != null ? { status, contentType, body } : null
  return { id, hash, answer, leaseMs: LEASE_MS - age }
}

/** Takes over a request whose server has died; null when somebody else has done so. It stays known by the same ID. */
export async function takeOver(reader: SqlReader, { id }: Pick<Claim, 'id'>): Promise<Claim | null> {
  const [row] = await reader.$queryRaw<Claim[]>(Prisma.sql`
    UPDATE idempotency_keys SET claimed_at = clock_timestamp()
    WHERE id = ${id}::uuid AND status IS NULL
      AND claimed_at <= clock_timestamp() - ${LEASE_MS} * interval '1 millisecond'
    RETURNING id, claimed_at AS "claimedAt", false AS "isNew"`)
  return row ?? null
}

/** Keeps what a request was answered. */
export async function keepAnswer(reader: SqlReader, { id, claimedAt }: Claim, answer: KeptAnswer): Promise<void> {
  const { status, contentType, body } = answer
  await reader.$queryRaw(Prisma.sql`
    UPDATE idempotency_keys SET status = ${status}, content_type = ${contentType}, body = ${body}
    WHERE id = ${id}::uuid AND claimed_at = ${claimedAt} AND status IS NULL`)
}

/**
 * Lets a request go that could not be carried out, as far as is known: it may be tried again at once. It stays known by
 * the same ID, since what it did may have been kept although its answer says otherwise.
 */
export async function release(reader: SqlReader, { id, claimedAt }: Claim): Promise<void> {
  await reader.$queryRaw(Prisma.sql`
    UPDATE idempotency_keys SET claimed_at = clock_timestamp() - ${LEASE_MS} * interval '1 millisecond'
    WHERE id = ${id}::uuid AND claimed_at = ${claimedAt} AND status IS NULL`)
}

/** Forgets a request under which nothing was done; its key is free again. */
export async function forget(reader: SqlReader, { id, claimedAt }: Claim): Promise<void> {
  await reader.$queryRaw(Prisma.sql`
    DELETE FROM idempotency_keys WHERE id = ${id}::uuid AND claimed_at = ${claimedAt} AND status IS NULL`)
}

/** How many requests of a token are known; counting ends at `limit`. */
export async function countKeys(reader: SqlReader, tokenId: string, limit: number): Promise<number> {
  const [row] = await reader.$queryRaw<[{ count: number }]>(Prisma.sql`
    SELECT count(*)::int AS count
    FROM (SELECT FROM idempotency_keys WHERE token_id = ${tokenId} LIMIT ${limit}) AS keys`)
  return row.count
}
