import { type SortKey, toCursor } from './cursor.js'

/** A part of a list, in the shape of a Relay connection. */
export interface Page<Row> {
  readonly edges: readonly { readonly cursor: string; readonly node: Row }[]
  readonly nodes: readonly Row[]
  readonly pageInfo: {
    readonly hasNextPage: boolean
    readonly hasPreviousPage: boolean
    readonly startCursor: string | null
    readonly endCursor: string | null
  }
  /** Counts the whole list; called only when the count is asked for. */
  readonly totalCount: () => Promise<number>
}

interface PageFacts<Row> {
  /** In order, and one more than the page may hold when the list goes on. */
  readonly rows: readonly Row[]
  readonly size: number
  /** Whether the page begins after the list's beginning. */
  readonly isContinued: boolean
  readonly sortKey: (row: Row) => SortKey
  readonly totalCount: () => Promise<number>
}

/** Cuts a page out of the rows that were read for it. */
export function toPage<Row>({ rows, size, isContinued, sortKey, totalCount }: PageFacts<Row>): Page<Row> {
  const nodes = rows.slice(0, size)
  const edges = nodes.map(node => ({ cursor: toCursor(sortKey(node)), node }))
  return {
    edges,
    nodes,
    pageInfo: {
      hasNextPage: rows.length > size,
      hasPreviousPage: isContinued,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
    totalCount,
  }
}
