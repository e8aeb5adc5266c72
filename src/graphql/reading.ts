import { type GraphQLResolveInfo, isNonNullType, locatedError } from 'graphql'
import { SlipwayError } from '../core/errors.js'
import { Prisma } from '../database/generated/client.js'
import type { SqlReader } from '../database/transaction.js'
import type { RequestContext } from '../modules/context/request-context.js'
import { toCursor } from '../modules/pagination/cursor.js'
import { Page } from '../modules/pagination/page.js'
import { Computed, computed } from '../modules/reading/computed.js'
import { List } from '../modules/reading/list.js'
import type { ListKind } from '../modules/reading/list-kind.js'
import { type ListSizes, Outgrown } from '../modules/reading/list-sizes.js'
import { OfTheMoment } from '../modules/reading/of-the-moment.js'
import { AnyRow, FromClause, Rows, type Sql, shapeOf } from '../modules/reading/row.js'
import { literal } from '../modules/reading/tables.js'
import { objectTypeOf, toIsoTime, writeObject, written } from './data.js'
import { countLimit, sizeOf } from './limits.js'
import type { Operation, SelectedField } from './operation.js'
import { type Columns, Select } from './select.js'

// How the selection of a query becomes one SQL statement, and what the statement answers becomes the query's data.
//
// Each field that is selected is resolved once, whatever the number of rows it will have. The resolver does not get a row
// but what stands for it in the statement, and does not answer with data but with what is to be read: a column, a row to
// be joined, a list (src/modules/reading). Reading is then one pass down the selection:
//
//   - A row that is joined adds to the columns of the select it is joined in.
//   - A list becomes a select of its own, and its rows one column of the select around it, as JSON.
//
// Each select yields arrays and not objects, since PostgreSQL then need not write the names again for each row. What a
// field makes of its columns is a function (`Read`), and the functions of all fields together write the data, in the
// order and by the names of the selection. No executor walks over the data another time.

/** Takes the value of a field out of the columns of a row. */
type Read = (columns: Columns) => unknown

type Path = readonly string[]

const MIB = 1024 * 1024
/** An answer has at most this many bytes in PostgreSQL: while it is read and written, this process does nothing else. */
const LARGEST_ANSWER = 4 * MIB

/** What the fields of the root are joined to: a row that has nothing. */
const THE_ROOT = new Rows(shapeOf([]), Prisma.sql`SELECT`)

/** Reads what an operation asks for, with one statement at most. */
export class Reading {
  private readonly select: Select
  private readonly sizes: ListSizes
  /** Whether something that was noted changes with time alone. */
  isOfTheMoment = false

  constructor(
    private readonly operation: Operation,
    private readonly context: RequestContext,
  ) {
    this.sizes = context.listSizes
    let aliases = 0
    const from = new FromClause(() => {
      aliases += 1
      return `r${aliases}`
    })
    from.startWith(THE_ROOT)
    this.select = new Select(from)
  }

  /** Resolves a field of the root, and notes what is to be read for it. */
  root(field: SelectedField): Promise<Read> {
    return this.field(this.select, undefined, field, [])
  }

  /** Carries out a mutation. What it is answered with can be read any number of times. */
  carryOut(field: SelectedField): Promise<unknown> {
    return this.resolve(undefined, field, [field.key])
  }

  /** Notes what is to be read for a field of the root that was resolved before. */
  answered(field: SelectedField, answer: unknown): Promise<Read> {
    return this.answer(this.select, answer, field, [field.key])
  }

  /** Notes something else that is to be read with them, so that both are of one state of the data. */
  beside(expression: Sql): Read {
    const place = this.select.add(expression)
    return columns => columns[place]
  }

  /** The columns that the fields of the root are to be read from. */
  async run(reader: SqlReader): Promise<Columns> {
    if (this.select.isEmpty) return []
    // The condition goes by the value that was made; without an offset PostgreSQL would make it twice.
    const [row] = await reader.$queryRaw<{ item: unknown }[]>(
      Prisma.sql`SELECT item FROM (SELECT ${this.select.render()} AS item FROM ${this.select.from.render()} OFFSET 0) AS answer WHERE pg_column_size(item) <= ${literal(LARGEST_ANSWER)}`,
    )
    if (row === undefined) {
      throw new SlipwayError('QUERY_TOO_LARGE', {
        message: `Query is too large: the answer has more than ${LARGEST_ANSWER / MIB} MiB`,
        details: 'Ask for fewer fields that hold long texts, or for smaller pages with `first`.',
      })
    }
    return this.select.unpack(row.item)
  }

  /** @param source a row of the select, or an object whose properties are the fields */
  private async object(select: Select, source: unknown, fields: readonly SelectedField[], path: Path): Promise<Read> {
    const reads: (readonly [string, Read])[] = []
    for (const field of fields) reads.push([field.key, await this.field(select, source, field, path)])
    return columns => writeObject(reads, read => read(columns))
  }

  private async field(select: Select, source: unknown, field: SelectedField, parentPath: Path): Promise<Read> {
    if (field.name === '__typename') return constant(field.parent.name)
    const path = [...parentPath, field.key]
    return select.from.isFull ? this.apart(select, source, field, path) : this.resolved(select, source, field, path)
  }

  /** A field in a select of its own, as the one around it is full. */
  private async apart(select: Select, source: unknown, field: SelectedField, path: Path): Promise<Read> {
    // A plain column of a row joins nothing.
    const isColumn = source instanceof AnyRow && field.definition.resolve === undefined
    if (isColumn) return this.resolved(select, source, field, path)
    const own = new Select(select.from.nested())
    own.from.startWith(THE_ROOT)
    const read = await this.resolved(own, source instanceof AnyRow ? source.within(own.from) : source, field, path)
    if (own.isEmpty) return read
    const place = select.add(own.renderRow())
    return columns => read(own.unpack(columns[place]))
  }

  private async resolved(select: Select, source: unknown, field: SelectedField, path: Path): Promise<Read> {
    return this.answer(select, await this.resolve(source, field, path), field, path)
  }

  private async resolve(source: unknown, field: SelectedField, path: Path): Promise<unknown> {
    try {
      const { resolve } = field.definition
      return resolve
        ? await resolve(source, field.args, this.context, this.info(field))
        : (source as Record<string, unknown>)[field.name]
    } catch (error) {
      throw locatedError(error, field.nodes, path)
    }
  }

  private async answer(select: Select, answer: unknown, field: SelectedField, path: Path): Promise<Read> {
    if (answer instanceof OfTheMoment) {
      this.isOfTheMoment = true
      return this.answer(select, answer.answer, field, path)
    }
    if (answer instanceof Rows) return this.row(select, answer, field, path)
    if (answer instanceof AnyRow) {
      return this.object(select, answer.within(select.from), field.on(objectTypeOf(field)), path)
    }
    if (answer instanceof List) return this.list(select, answer, field, path)
    if (answer instanceof Page) return this.page(select, answer, field, path)
    if (answer instanceof Prisma.Sql) {
      const place = select.add(answer)
      return field.type.name === 'DateTime' ? columns => toIsoTime(columns[place]) : columns => columns[place]
    }
    if (answer instanceof Computed) {
      const place = select.add(answer.expression)
      return columns => (columns[place] === null ? null : written(answer.compute(columns[place]), field))
    }
    // Of an object at hand, such as a mutation's payload, each property may be something to be read.
    if (isObject(answer)) return this.object(select, answer, field.on(objectTypeOf(field)), path)
    return constant(written(answer, field))
  }

  /** A row that is joined: its columns come into the same select. */
  private async row(select: Select, rows: Rows, field: SelectedField, path: Path): Promise<Read> {
    const row = select.from.join(rows)
    const read = await this.object(select, row, field.on(objectTypeOf(field, rows)), path)
    if (isNonNullType(field.definition.type)) return read
    const place = select.add(rows.shape.presence(row))
    return columns => (columns[place] === null ? null : read(columns))
  }

  /** A list: a select of its own, whose rows are one column of the select around it. */
  private async list(select: Select, { rows, orderBy, first }: List, field: SelectedField, path: Path): Promise<Read> {
    const kind = kindOf(field)
    const longest = this.sizes.of(kind)
    const isCut = first !== null && first <= longest
    const items = new Select(select.from.nested())
    const row = items.from.startWith(rows)
    const read = await this.object(items, row, field.on(objectTypeOf(field)), path)
    // One more row than there should be shows that there are more.
    const place = select.add(items.renderList(orderBy(row), isCut ? first : longest + 1))
    return columns => {
      const found = items.unpackList(columns[place])
      if (!isCut && found.length > longest) refuseLonger(kind, longest, path)
      return found.map(read)
    }
  }

  /** A page: a select of its own for its rows, and one for their count, each only if it is asked for. */
  private async page(select: Select, { facts }: Page, field: SelectedField, path: Path): Promise<Read> {
    const { size, isContinued } = facts
    const asked = field.on(objectTypeOf(field))
    const goesOnIsAsked = asked.some(
      part => part.name === 'pageInfo' && part.on(objectTypeOf(part)).some(({ name }) => name === 'hasNextPage'),
    )
    const items = new Select(select.from.nested())
    const row = items.from.startWith(facts.rows(goesOnIsAsked ? size + 1 : size))
    const edge = { node: row, cursor: computed(facts.key(row), toCursor) }
    const cursorOf = (columns: readonly unknown[] | undefined, place: number) =>
      columns === undefined ? null : toCursor(columns[place] as string | number)

    const infoRead = (info: SelectedField): ((found: Columns[]) => unknown) => {
      const place = info.name.endsWith('Cursor') ? items.add(facts.key(row)) : 0
      switch (info.name) {
        case 'hasNextPage':
          return found => found.length > size
        case 'hasPreviousPage':
          return () => isContinued
        case 'startCursor':
          return found => cursorOf(found.slice(0, size)[0], place)
        case 'endCursor':
          return found => cursorOf(found.slice(0, size).at(-1), place)
        default:
          return () => info.parent.name
      }
    }

    const partRead = async (part: SelectedField): Promise<(found: Columns[], columns: Columns) => unknown> => {
      const partPath = [...path, part.key]
      switch (part.name) {
        case 'nodes':
        case 'edges': {
          const source = part.name === 'nodes' ? row : edge
          const read = await this.object(items, source, part.on(objectTypeOf(part)), partPath)
          return found => found.slice(0, size).map(read)
        }
        case 'pageInfo': {
          const reads = part.on(objectTypeOf(part)).map(info => [info.key, infoRead(info)] as const)
          return found => writeObject(reads, read => read(found))
        }
        case 'totalCount': {
          const { asked, read } = countLimit(field, part, this.sizes)
          const isAssumed = read > 0 && read < asked
          const place = select.add(facts.totalCount((read || asked) + 1))
          return (_found, columns) => {
            const count = columns[place] as number
            if (isAssumed && count > read) throw new Outgrown(countedKindOf(field), read)
            return count
          }
        }
        default:
          return () => part.parent.name
      }
    }

    const reads: (readonly [string, (found: Columns[], columns: Columns) => unknown])[] = []
    for (const part of asked) reads.push([part.key, await partRead(part)])
    const wantsRows = asked.some(({ name }) => name === 'nodes' || name === 'edges' || name === 'pageInfo')
    const place = wantsRows ? select.add(items.renderList(facts.orderBy(row))) : null
    return columns => {
      const found = place === null ? [] : items.unpackList(columns[place])
      return writeObject(reads, read => read(found, columns))
    }
  }

  private info(field: SelectedField): GraphQLResolveInfo {
    const { schema, fragments, node, variables } = this.operation
    return {
      fieldName: field.name,
      fieldNodes: field.nodes,
      returnType: field.definition.type,
      parentType: field.parent,
      path: { prev: undefined, key: field.key, typename: field.parent.name },
      schema,
      fragments,
      rootValue: undefined,
      operation: node,
      variableValues: variables,
    }
  }
}

function kindOf({ parent, name, definition }: SelectedField): ListKind {
  const { list } = sizeOf(definition)
  if (list === undefined) throw new Error(`${parent.name}.${name} is a list of no declared kind`)
  return list
}

function countedKindOf({ parent, name, definition }: SelectedField): ListKind {
  const { counted } = sizeOf(definition)
  if (counted === undefined) throw new Error(`What ${parent.name}.${name} counts is not declared`)
  return counted.kind
}

/** A list is longer than was assumed when the operation was weighed, or than any list in an answer may be. */
function refuseLonger(kind: ListKind, longest: number, path: Path): never {
  if (longest < kind.cap) throw new Outgrown(kind, longest)
  throw new SlipwayError('QUERY_TOO_LARGE', {
    message: `Query is too large: more than ${kind.cap} ${kind.name} at ${path.join('.')}`,
    details: 'Ask for the beginning of the list with `first`, where it takes one.',
  })
}

function constant(value: unknown): Read {
  return () => value
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
}
