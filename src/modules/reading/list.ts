import type { AnyRow, Row, Rows, Sql } from './row.js'

/** A list without pages, in order: all of its rows, or the first of them. */
export class List {
  constructor(
    readonly rows: Rows,
    readonly orderBy: (row: AnyRow) => Sql,
    /** How many are asked for at most; null: all. */
    readonly first: number | null,
  ) {}
}

/** @param first how many are asked for at most; null: all, which is refused when they are more than the kind's cap */
export function list<Columns>(
  rows: Rows<Columns>,
  orderBy: (row: Row<Columns>) => Sql,
  first: number | null = null,
): List {
  return new List(rows as Rows, orderBy as (row: AnyRow) => Sql, first)
}
