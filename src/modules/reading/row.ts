import { Prisma } from '../../database/generated/client.js'

/** A piece of a statement, with its parameters. */
export type Sql = Prisma.Sql

/**
 * A row as a statement speaks of it, before anything is read: each property is the column of that name, such as
 * `deployment.candidateId` for `r3.candidate_id`.
 */
export type Row<Columns> = { readonly [Column in keyof Columns]-?: Sql } & AnyRow

/** Which rows: a `SELECT` of all columns of a shape, and nothing else. It may speak of the rows it is joined to. */
export class Rows<Columns = unknown> {
  constructor(
    readonly shape: Shape<Columns>,
    readonly select: Sql,
    /** The name of their GraphQL type, for a field whose type is an interface. */
    readonly typename?: string,
  ) {}
}

/** What rows of a kind look like. */
export interface Shape<Columns> {
  /** The row that an alias stands for in a `FROM`. */
  row(clause: FromClause, alias: string): Row<Columns>
  /** A column that is null only where there is no row. */
  presence(row: AnyRow): Sql
}

/** A row of any shape. */
export abstract class AnyRow {
  constructor(
    readonly clause: FromClause,
    readonly alias: string,
  ) {}

  /** The same row, as a select within the one it belongs to speaks of it: what is joined to it is joined in there. */
  within(clause: FromClause): AnyRow {
    return new (this.constructor as new (clause: FromClause, alias: string) => AnyRow)(clause, this.alias)
  }
}

/**
 * The rows of one `FROM`. PostgreSQL plans the joins of a `FROM` together, and the time that takes grows faster than
 * their number: 150 rows took 13 s in one, and 0.2 s in selects of this size within one another.
 */
const LARGEST_FROM = 8

/** The `FROM` of a select that is being written: the row it is about, and the rows that were joined to it so far. */
export class FromClause {
  private readonly joins: Sql[] = []
  private readonly joined = new Map<string, AnyRow>()

  constructor(private readonly nextAlias: () => string) {}

  /** Joins at most one row. Joining the same again yields the row that is there. */
  join<Columns>({ shape, select }: Rows<Columns>): Row<Columns> {
    const key = JSON.stringify([select.sql, select.values])
    const known = this.joined.get(key)
    if (known !== undefined) return known as Row<Columns>
    const row = shape.row(this, this.nextAlias())
    this.joined.set(key, row)
    this.joins.push(Prisma.sql`LEFT JOIN LATERAL (${select}) AS ${Prisma.raw(row.alias)} ON true`)
    return row
  }

  /** Whether what else is to be joined belongs into a select of its own. */
  get isFull(): boolean {
    return this.joins.length >= LARGEST_FROM
  }

  /** A clause of its own, for a select within this one. */
  nested(): FromClause {
    return new FromClause(this.nextAlias)
  }

  /** Begins with the row of the select, and names it. */
  startWith<Columns>({ shape, select }: Rows<Columns>): Row<Columns> {
    const row = shape.row(this, this.nextAlias())
    this.joins.push(Prisma.sql`(${select}) AS ${Prisma.raw(row.alias)}`)
    return row
  }

  render(): Sql {
    return Prisma.join(this.joins, ' ')
  }
}

/** Joins at most one row to another one, for what is to be said of both. */
export function join<Columns>(row: AnyRow, rows: Rows<Columns>): Row<Columns> {
  return row.clause.join(rows)
}

/**
 * Describes rows by the names that the code has for their columns; in SQL they are the same in snake case. The first
 * column is one that is never null.
 */
export function shapeOf<Columns>(names: readonly (keyof Columns & string)[]): Shape<Columns> {
  class ShapedRow extends AnyRow {}
  for (const name of names) {
    const column = name.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`)
    Object.defineProperty(ShapedRow.prototype, name, {
      get(this: AnyRow) {
        return Prisma.raw(`${this.alias}.${column}`)
      },
    })
  }
  const [first] = names
  return {
    row: (clause, alias) => new ShapedRow(clause, alias) as unknown as Row<Columns>,
    presence: row => (row as unknown as Record<string, Sql>)[first as string] as Sql,
  }
}
