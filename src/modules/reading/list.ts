import type { AnyRow, Row, Rows, Sql } from './row.js'

/** All rows of a list that stays short, in order. */
export class List {
  constructor(
    readonly rows: Rows,
    readonly orderBy: (row: AnyRow) => Sql,
  ) {}
}

export function list<Columns>(rows: Rows<Columns>, orderBy: (row: Row<Columns>) => Sql): List {
  return new List(rows as Rows, orderBy as (row: AnyRow) => Sql)
}
