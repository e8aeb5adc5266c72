import { Prisma } from '../../database/generated/client.js'
import type { AnyRow, Row, Rows, Sql } from '../reading/row.js'
import { literal, type Table } from '../reading/tables.js'
import { keyFromCursor } from './cursor.js'
import { type PageArgs, pageSize } from './page.args.js'

/** What is to be known of a list that grows, and of the part of it that is asked for. */
interface PageFacts<Columns> {
  /** How many rows the page may hold. */
  readonly size: number
  /** Whether something precedes it. */
  readonly isContinued: boolean
  /** The first rows of the page and of what follows it, at most so many. */
  rows(limit: number): Rows<Columns>
  /** How the list is sorted. */
  orderBy(row: Row<Columns>): Sql
  /** What the cursor of a row holds. */
  key(row: Row<Columns>): Sql
  /** How many rows the whole list has; counting ends at `limit`. */
  totalCount(limit: number): Sql
}

/** A part of a list that grows: what a field of a connection type is answered with. */
export class Page {
  constructor(readonly facts: PageFacts<unknown>) {}
}

export function page<Columns>(facts: PageFacts<Columns>): Page {
  return new Page(facts as PageFacts<unknown> & { rows(limit: number): Rows; key(row: AnyRow): Sql })
}

/** A page of those rows of a table that a condition holds for, newest first: keys sort by the time of their creation. */
export function newestByKey<Columns extends { id: unknown }>(
  table: Table<Columns>,
  condition: Sql,
  args: PageArgs,
): Page {
  const before = args.after == null ? null : keyFromCursor(args.after)
  const part = before === null ? condition : Prisma.sql`${condition} AND id < ${before}::uuid`
  return page({
    size: pageSize(args),
    isContinued: before !== null,
    rows: limit => table.where(Prisma.sql`${part} ORDER BY id DESC LIMIT ${literal(limit)}`),
    orderBy: row => Prisma.sql`${row.id} DESC`,
    key: row => row.id,
    totalCount: limit => table.count(condition, limit),
  })
}
