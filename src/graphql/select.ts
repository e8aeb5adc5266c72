import { Prisma } from '../database/generated/client.js'
import type { FromClause, Sql } from '../modules/reading/row.js'
import { literal } from '../modules/reading/tables.js'

/** The columns of a row that was read. */
export type Columns = readonly unknown[]

/** PostgreSQL builds an array in JSON of no more values at once, since a function has no more parameters. */
const VALUES = 100

/** A select that is being written. */
export class Select {
  private readonly columns: Sql[] = []
  private readonly places = new Map<string, number>()

  constructor(readonly from: FromClause) {}

  /** Adds a column and answers its place. */
  add(expression: Sql): number {
    const text = expression.values.length === 0 ? expression.sql : null
    const known = text === null ? undefined : this.places.get(text)
    if (known !== undefined) return known
    const place = this.columns.push(expression) - 1
    if (text !== null) this.places.set(text, place)
    return place
  }

  get isEmpty(): boolean {
    return this.columns.length === 0
  }

  /** What the select yields for a row: its columns, as a JSON array. */
  render(): Sql {
    return this.isWide ? array(this.parts().map(array)) : array(this.columns)
  }

  /** Its only row in one value. */
  renderRow(): Sql {
    return Prisma.sql`(SELECT ${this.render()} FROM ${this.from.render()})`
  }

  /** Its rows in one value, a JSON array: all, or the first of them. */
  renderList(orderBy: Sql, first?: number): Sql {
    const limit = first === undefined ? Prisma.empty : Prisma.sql` LIMIT ${literal(first)}`
    return Prisma.sql`(SELECT coalesce(json_agg(item), '[]') FROM (SELECT ${this.render()} AS item FROM ${this.from.render()} ORDER BY ${orderBy}${limit}) AS items)`
  }

  /** The columns of a row that was read. */
  unpack(row: unknown): Columns {
    return this.isWide ? (row as unknown[][]).flat() : (row as unknown[])
  }

  unpackList(rows: unknown): Columns[] {
    return this.isWide ? (rows as unknown[]).map(row => this.unpack(row)) : (rows as unknown[][])
  }

  private get isWide(): boolean {
    return this.columns.length > VALUES
  }

  private parts(): Sql[][] {
    const count = Math.ceil(this.columns.length / VALUES)
    return Array.from({ length: count }, (_, part) => this.columns.slice(part * VALUES, (part + 1) * VALUES))
  }
}

function array(values: readonly Sql[]): Sql {
  return values.length === 0
    ? Prisma.sql`json_build_array()`
    : Prisma.sql`json_build_array(${Prisma.join([...values])})`
}
