import { Extensions } from 'type-graphql'
import type { Sql } from './row.js'

/**
 * A kind of list, such as the environments of a project: how large one may be at most, and how the size of the largest
 * that there is becomes known. What a query costs follows from these sizes (src/graphql/limits.ts).
 */
export interface ListKind {
  readonly name: string
  /** No answer holds more of one list than this. */
  readonly cap: number
  /**
   * The size of the largest list of the kind in the database, as an expression that is cheap to evaluate. Without one,
   * lists are taken to be short until one turns out to be longer.
   */
  readonly largest?: Sql
}

/** A row that is only counted costs this much less than an object of the answer. */
export const COUNTED_PER_OBJECT = 20

/** What resolving a field makes the database read, beside the rows that it returns. */
interface HiddenReads {
  readonly kind: ListKind
  /** This many of the rows together cost as much as one object of the answer. */
  readonly rowsPerObject: number
}

/** What the schema says about the size of a field, where its type alone does not. */
export interface FieldSize {
  /** Of a field whose value is a list without pages. */
  readonly list?: ListKind
  /** Of a connection: what `totalCount` counts, and whether that takes reading the rows. */
  readonly counted?: { readonly kind: ListKind; readonly isRead?: (args: Readonly<Record<string, unknown>>) => boolean }
  /** How many objects could be made in the time that resolving the field takes, beside what it reads. */
  readonly effort?: number
  /** Whether resolving the field reads more than it returns, given its arguments; it always does without `when`. */
  readonly reads?: HiddenReads & { readonly when?: (args: Readonly<Record<string, unknown>>) => boolean }
}

declare module 'graphql' {
  interface GraphQLFieldExtensions<_TSource, _TContext, _TArgs> {
    size?: FieldSize
  }
}

/** Says what the type of a field does not: how large its value may be, and what else it reads. */
export const Sized = (size: FieldSize) => Extensions({ size })
