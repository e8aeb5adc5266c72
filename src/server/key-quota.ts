import { LRUCache } from 'lru-cache'
import { SlipwayError } from '../core/errors.js'
import type { SqlReader } from '../database/transaction.js'
import { countKeys } from './idempotency.store.js'

/** A token may have this many idempotency keys known at once: more than one a second, all day. */
const MOST_KEYS = 100_000
/** How many a token has is counted anew after so long; meanwhile each server adds those that it sees. */
const COUNTED_FOR_MS = 60_000
const MOST_TOKENS = 1_000

/** Bounds what is kept for the repeats of a token's requests. */
export class KeyQuota {
  private readonly counts = new LRUCache<string, { keys: number }>({ max: MOST_TOKENS, ttl: COUNTED_FOR_MS })

  constructor(private readonly reader: SqlReader) {}

  /** Whether no further key of a token is taken. */
  async isUsedUp(tokenId: string): Promise<boolean> {
    let count = this.counts.get(tokenId)
    if (count === undefined) {
      count = { keys: await countKeys(this.reader, tokenId, MOST_KEYS) }
      this.counts.set(tokenId, count)
    }
    return count.keys >= MOST_KEYS
  }

  /** Notes that a token has one more. */
  add(tokenId: string): void {
    const count = this.counts.get(tokenId)
    if (count !== undefined) count.keys += 1
  }

  /** What a request is refused with whose key would be one too many. */
  static refusal(): SlipwayError {
    return new SlipwayError('IDEMPOTENCY_KEYS_USED_UP', {
      details: `A token may use ${MOST_KEYS.toLocaleString('en')} keys within 24 hours.`,
      retryAfter: COUNTED_FOR_MS / 1_000,
    })
  }
}
