import { type GraphQLObjectType, isLeafType } from 'graphql'
import type { Rows } from '../modules/reading/row.js'
import type { SelectedField } from './operation.js'

/** An answer in GraphQL's shape. It has no prototype, since an alias may be any name, such as `__proto__`. */
const DataObject = function DataObject() {} as unknown as new () => Record<string, unknown>
DataObject.prototype = Object.create(null)

/** An object with a property for each part, in their order. */
export function writeObject<Part>(parts: readonly (readonly [string, Part])[], value: (part: Part) => unknown): object {
  const data = new DataObject()
  for (const [key, part] of parts) data[key] = value(part)
  return data
}

/** The type of the objects that a field has. Where it is an interface, the rows say which of its types they are. */
export function objectTypeOf(field: SelectedField, rows?: Rows): GraphQLObjectType {
  const { objectTypes } = field
  const type = objectTypes.length === 1 ? objectTypes[0] : objectTypes.find(({ name }) => name === rows?.typename)
  if (type === undefined) throw new Error(`${field.parent.name}.${field.name} was answered with rows of no known type`)
  return type
}

/** A value at hand in GraphQL's shape, with what is selected of it. */
export function written(value: unknown, field: SelectedField): unknown {
  if (value == null) return null
  if (Array.isArray(value)) return value.map(item => written(item, field))
  if (isLeafType(field.type)) return field.type.serialize(value)
  const data = new DataObject()
  for (const part of field.on(objectTypeOf(field))) {
    data[part.key] =
      part.name === '__typename' ? part.parent.name : written((value as Record<string, unknown>)[part.name], part)
  }
  return data
}

/** A time as JSON has it in PostgreSQL, such as `2026-11-23T10:15:30.12+00:00`, in the one way in which we write it. */
export function toIsoTime(text: unknown): string | null {
  if (typeof text !== 'string') return null
  if (!text.endsWith('+00:00')) return new Date(text).toISOString()
  const time = text.slice(0, -6)
  return time.length === 23 ? `${time}Z` : `${time.length === 19 ? `${time}.` : time}`.padEnd(23, '0').concat('Z')
}
