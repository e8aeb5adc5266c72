import type { Reads } from './read.js'

/** What every list that comes in pages takes. */
export interface PageArgs {
  readonly first?: number | null
  readonly after?: string | null
}

const DEFAULT_FIRST = 20
const DEFAULT_LIMIT = 10_000

interface Listed<Row> {
  /** The whole list, in order. */
  readonly list: readonly Row[]
  /** What a cursor is made of. */
  readonly key: (row: Row) => string | number
  /** Whether a row comes after the place that a key marks, which need not be in the list. */
  readonly comesAfter: (row: Row, key: string) => boolean
  /** Passes over this many. */
  readonly offset?: number
}

/** A page of a list, as a connection has it. */
export function page<Row>({ list, key, comesAfter, offset = 0 }: Listed<Row>, { first, after }: PageArgs) {
  const place = after == null ? null : keyOf(after)
  const rest = place === null ? list.slice(offset) : list.filter(row => comesAfter(row, place))
  const nodes = rest.slice(0, first ?? DEFAULT_FIRST)
  const edges = nodes.map(node => ({ cursor: cursorOf(key(node)), node }))
  return {
    edges,
    nodes,
    pageInfo: {
      hasNextPage: rest.length > nodes.length,
      hasPreviousPage: place !== null || offset > 0,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
    list,
  }
}

/** Counting ends one above the limit. */
export const CONNECTION_READS: Reads<{ readonly list: readonly unknown[] }> = {
  totalCount: ({ list }, { limit }: { limit?: number | null }) => Math.min(list.length, (limit ?? DEFAULT_LIMIT) + 1),
}

/** A page of rows that are sorted by their keys. */
export function pageByKey<Row extends { readonly id: string }>(newestFirst: readonly Row[], args: PageArgs) {
  return page({ list: newestFirst, key: ({ id }) => id, comesAfter: ({ id }, key) => id < key }, args)
}

/** Cursors are opaque to clients; here it must be known what is in them. */
export function cursorOf(key: string | number): string {
  return Buffer.from(String(key)).toString('base64url')
}

export function keyOf(cursor: string): string {
  return Buffer.from(cursor, 'base64url').toString()
}
