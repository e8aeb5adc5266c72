import { type FieldNode, getNullableType, isListType } from 'graphql'
import { SlipwayError } from '../core/errors.js'
import { LARGEST_PAGE, pageSize } from '../modules/pagination/page.args.js'
import { COUNTED_PER_OBJECT, type FieldSize } from '../modules/reading/list-kind.js'
import { USUAL_COUNT } from '../modules/reading/list-kinds.js'
import type { ListSizes } from '../modules/reading/list-sizes.js'
import { checkArguments } from './input-limits.js'
import { isIntrospection } from './introspection.js'
import type { Operation, SelectedField } from './operation.js'

/** An operation may ask for this many objects. */
const BUDGET = 20_000
const DEPTH = 16
const ALIASES = 100
/** The answer may be of this many parts, each of which is a part of the SQL statement that PostgreSQL has to plan. */
const PARTS = 500
/** To plan a part takes PostgreSQL about as long as to make this many objects. */
const OBJECTS_PER_PART = 30
/** An object of more values than this, by aliases for instance, counts as more than one. */
const VALUES_PER_OBJECT = 20

/** What an operation is found to be before anything of it is done. */
interface Weight {
  readonly cost: Cost
  /** About how long it takes, in objects made: its place among other queries goes by it. */
  readonly effort: number
}

/** What an operation may cost at most: how many objects its answer may hold, and what else it reads for them. */
export interface Cost {
  readonly requested: number
  readonly budget: number
}

/**
 * Finds out what an operation costs, before anything of it is done. An object costs one; one in a list costs as many as
 * the list may hold, and what is asked of it as many times as much. What is read without being part of the answer, such
 * as rows that are counted, costs a fraction. The answer never holds more objects than the cost says.
 *
 * The way through the selections ends where a limit is passed, so that no document keeps it busy.
 *
 * @throws SlipwayError `QUERY_TOO_LARGE` that says what to ask instead
 */
export function weigh(
  operation: Operation,
  sizes: ListSizes,
  { made }: { readonly made: number } = { made: 0 },
): Weight {
  const weighing = new Weighing(sizes)
  weighing.requested = Math.ceil(made / VALUES_PER_OBJECT)
  for (const field of operation.fields) weighing.add(field, 1, null, [field.key])
  const { requested, parts } = weighing
  return { cost: { requested, budget: BUDGET }, effort: requested + parts * OBJECTS_PER_PART }
}

export function sizeOf(definition: { readonly extensions: { readonly size?: FieldSize } }): FieldSize {
  return definition.extensions.size ?? {}
}

/** Where a count ends that a `totalCount` of a connection asks for; 0 where nothing has to be counted. */
export function countLimit(
  connection: SelectedField,
  { args: { limit } }: SelectedField,
  sizes: ListSizes,
): { readonly asked: number; readonly read: number } {
  const asked = typeof limit === 'number' ? limit : USUAL_COUNT
  const { counted } = sizeOf(connection.definition)
  if (counted === undefined || counted.isRead?.(connection.args) === false) return { asked, read: 0 }
  return { asked, read: Math.min(asked, sizes.of(counted.kind)) }
}

class Weighing {
  requested = 0
  parts = 0
  private readonly aliased = new Set<FieldNode>()

  constructor(private readonly sizes: ListSizes) {}

  /**
   * @param times how many objects the answer may hold that have the field
   * @param connection the connection that the field is a part of
   */
  add(field: SelectedField, times: number, connection: SelectedField | null, path: readonly string[]): void {
    this.checkAliases(field)
    checkArguments(field.definition.args, field.args)
    if (isIntrospection(field)) return
    if (connection !== null && field.name === 'totalCount') this.addCount(connection, field, times, path)
    const types = field.objectTypes
    if (types.length === 0) return
    this.parts += 1
    if (this.parts > PARTS) refuse(`more than ${PARTS} selections`, 'Ask for some of it in another request.')
    if (path.length > DEPTH) {
      refuse(`deeper than ${DEPTH} levels at ${path.join('.')}`, 'Ask for what lies deeper by `node(id:)`.')
    }
    const size = sizeOf(field.definition)
    checkFirst(field, size, path)
    const count = times * this.length(field, size, connection)
    this.count(count + times * this.reads(field, size), path)
    this.addLargest(field, types, count, path)
  }

  /** An object is of one type only: that of which the most is asked counts. */
  private addLargest(
    field: SelectedField,
    types: SelectedField['objectTypes'],
    count: number,
    path: readonly string[],
  ): void {
    const before = { requested: this.requested, parts: this.parts }
    const largest = { ...before }
    for (const type of types) {
      Object.assign(this, before)
      const fields = field.on(type)
      const values = fields.filter(({ objectTypes }) => objectTypes.length === 0).length
      this.count(count * Math.floor(values / VALUES_PER_OBJECT), path)
      for (const asked of fields) this.add(asked, count, field, [...path, asked.key])
      largest.requested = Math.max(largest.requested, this.requested)
      largest.parts = Math.max(largest.parts, this.parts)
    }
    Object.assign(this, largest)
  }

  /** How many objects a field has at most for each object that it is asked of. */
  private length(field: SelectedField, { list }: FieldSize, connection: SelectedField | null): number {
    if (!isListType(getNullableType(field.definition.type))) return 1
    if (list === undefined) return connection === null ? 1 : Math.max(pageSize(connection.args), 1)
    const { first } = field.args
    return Math.max(Math.min(this.sizes.of(list), typeof first === 'number' ? first : list.cap), 1)
  }

  private reads({ args }: SelectedField, { effort = 0, reads }: FieldSize): number {
    if (reads === undefined || reads.when?.(args) === false) return effort
    return effort + Math.floor(this.sizes.of(reads.kind) / reads.rowsPerObject)
  }

  private addCount(connection: SelectedField, field: SelectedField, times: number, path: readonly string[]): void {
    const { kind } = sizeOf(connection.definition).counted ?? {}
    const { asked, read } = countLimit(connection, field, this.sizes)
    if (kind !== undefined && (asked < 1 || asked > kind.cap)) {
      throw new SlipwayError('INVALID_INPUT', {
        message: `Invalid limit: ${asked}`,
        details: `At ${path.join('.')}: count up to 1 to ${kind.cap}.`,
      })
    }
    this.count(times * Math.floor(read / COUNTED_PER_OBJECT), path)
  }

  private count(objects: number, path: readonly string[]): void {
    this.requested += objects
    if (this.requested > BUDGET) {
      refuse(
        `more than ${BUDGET} objects, reached at ${path.join('.')}`,
        'Ask for smaller pages with `first`, and for what follows with `after`.',
      )
    }
  }

  /** A field that a fragment aliases once has one alias, wherever the fragment is used. */
  private checkAliases({ nodes }: SelectedField): void {
    for (const node of nodes) if (node.alias !== undefined) this.aliased.add(node)
    if (this.aliased.size > ALIASES) refuse(`more than ${ALIASES} aliases`, 'Ask for some of it in another request.')
  }
}

function checkFirst({ args: { first } }: SelectedField, { list }: FieldSize, path: readonly string[]): void {
  if (typeof first !== 'number') return
  const most = list?.cap ?? LARGEST_PAGE
  if (first >= 0 && first <= most) return
  throw new SlipwayError('INVALID_INPUT', {
    message: `Invalid first: ${first}`,
    details: `At ${path.join('.')}: ask for 0 to ${most}${list === undefined ? ', and for what follows with `after`' : ''}.`,
  })
}

function refuse(what: string, advice: string): never {
  throw new SlipwayError('QUERY_TOO_LARGE', { message: `Query is too large: ${what}`, details: advice })
}
