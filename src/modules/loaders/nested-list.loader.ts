import DataLoader from 'dataloader'
import type { Database } from '../../database/client.js'
import { Prisma } from '../../database/generated/client.js'
import type { SortKey } from '../pagination/cursor.js'

/** A list that each row of one table has of rows of another, newest first. */
export interface NestedList {
  /** The table of the listed rows. */
  readonly table: Prisma.Sql
  /** Its column that refers to the row the list belongs to. */
  readonly parent: Prisma.Sql
  /** Its column that the list is sorted by, and the type to compare that with. */
  readonly sortColumn: Prisma.Sql
  readonly sortType: Prisma.Sql
}

/** Which part of a list is asked for. */
export interface Slice {
  /** At most so many rows. */
  readonly limit: number
  /** Only rows that sort before this one; null: from the newest on. */
  readonly before: SortKey | null
  /** Only rows that it holds for. */
  readonly filter: Prisma.Sql | null
}

interface Asked<Ask> {
  readonly parentId: string
  readonly ask: Ask
  /** Equal for equal asks. */
  readonly askKey: string
}

/**
 * Reads lists of many parents at once: however many parents of a query ask for the same slice, it is one SQL statement,
 * which reads only the rows of the slices, by index.
 */
export class NestedListLoader {
  private readonly keys: DataLoader<Asked<Slice>, string[], string>
  private readonly counts: DataLoader<Asked<Prisma.Sql | null>, number, string>

  constructor(
    private readonly database: Database,
    private readonly list: NestedList,
  ) {
    this.keys = batchedByAsk((parents, slice) => this.readKeys(parents, slice), [])
    this.counts = batchedByAsk((parents, filter) => this.readCounts(parents, filter), 0)
  }

  /** The keys of the rows of a slice, in order. */
  load(parentId: string, slice: Slice): Promise<string[]> {
    return this.keys.load(asked(parentId, slice))
  }

  /** How many rows a list has for which the filter holds. */
  count(parentId: string, filter: Prisma.Sql | null): Promise<number> {
    return this.counts.load(asked(parentId, filter))
  }

  private async readKeys(parents: readonly string[], slice: Slice): Promise<Map<string, string[]>> {
    const { table, parent, sortColumn, sortType } = this.list
    const before = slice.before === null ? Prisma.empty : Prisma.sql`AND ${sortColumn} < ${slice.before}::${sortType}`
    const rows = await this.database.$queryRaw<{ parentId: string; ids: string[] }[]>(Prisma.sql`
      SELECT parent.id AS "parentId", slice.ids
      FROM unnest(${parents}::uuid[]) AS parent (id)
      CROSS JOIN LATERAL (
        SELECT array_agg(item.id ORDER BY item.sort_key DESC) AS ids
        FROM (
          SELECT id, ${sortColumn} AS sort_key FROM ${table}
          WHERE ${parent} = parent.id ${before} ${and(slice.filter)}
          ORDER BY ${sortColumn} DESC
          LIMIT ${slice.limit}
        ) AS item
      ) AS slice
      WHERE slice.ids IS NOT NULL`)
    return new Map(rows.map(row => [row.parentId, row.ids]))
  }

  private async readCounts(parents: readonly string[], filter: Prisma.Sql | null): Promise<Map<string, number>> {
    const { table, parent } = this.list
    const rows = await this.database.$queryRaw<{ parentId: string; count: number }[]>(Prisma.sql`
      SELECT ${parent} AS "parentId", count(*)::integer AS count FROM ${table}
      WHERE ${parent} = ANY (${parents}::uuid[]) ${and(filter)}
      GROUP BY ${parent}`)
    return new Map(rows.map(row => [row.parentId, row.count]))
  }
}

function and(filter: Prisma.Sql | null): Prisma.Sql {
  return filter === null ? Prisma.empty : Prisma.sql`AND ${filter}`
}

function asked<Ask>(parentId: string, ask: Ask): Asked<Ask> {
  return { parentId, ask, askKey: JSON.stringify(ask) }
}

/** A loader that reads all parents with the same ask together; a parent without an answer gets `none`. */
function batchedByAsk<Ask, Answer>(
  read: (parents: readonly string[], ask: Ask) => Promise<Map<string, Answer>>,
  none: Answer,
): DataLoader<Asked<Ask>, Answer, string> {
  return new DataLoader(
    async batch => {
      const answers = new Map<string, Map<string, Answer>>()
      for (const { ask, askKey } of batch) {
        if (answers.has(askKey)) continue
        const parents = batch.filter(other => other.askKey === askKey).map(other => other.parentId)
        answers.set(askKey, await read(parents, ask))
      }
      return batch.map(({ parentId, askKey }) => answers.get(askKey)?.get(parentId) ?? none)
    },
    { cacheKeyFn: ({ parentId, askKey }) => `${parentId} ${askKey}` },
  )
}
