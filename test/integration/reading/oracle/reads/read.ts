import type { Role } from '../../../../../src/core/actor.js'

/** Who asks: what is in the token. */
export interface Asker {
  readonly subject: string
  readonly role: Role
  /** Names; null: all. */
  readonly projects: readonly string[] | null
}

/** What a field has, of an object and with arguments. Each names the types of the arguments that it looks at. */
type Read<Source> = (source: Source, args: never, asker: Asker) => unknown

/** The fields of a type that are not simply a property of the object. */
export type Reads<Source> = Readonly<Record<string, Read<Source>>>

/** The rows that a condition holds for, sorted by what is made of them. */
export function sorted<Row>(rows: readonly Row[], ...keys: readonly ((row: Row) => Key)[]): Row[] {
  return [...rows].sort((one, other) => {
    for (const key of keys) {
      const [left, right] = [key(one), key(other)]
      if (left < right) return -1
      if (left > right) return 1
    }
    return 0
  })
}

type Key = string | number | Date

/** The first ones last. */
export function newestFirst<Row>(rows: readonly Row[], ...keys: readonly ((row: Row) => Key)[]): Row[] {
  return sorted(rows, ...keys).reverse()
}

export function byId({ id }: { readonly id: string }): string {
  return id
}

/** @throws Error when there is none, which the foreign keys rule out */
export function rowOf<Row extends { readonly id: string }>(rows: readonly Row[], key: string): Row {
  const row = rows.find(({ id }) => id === key)
  if (row === undefined) throw new Error(`There is no row ${key}`)
  return row
}

export function rowOrNull<Row extends { readonly id: string }>(rows: readonly Row[], key: string | null): Row | null {
  return key === null ? null : rowOf(rows, key)
}
