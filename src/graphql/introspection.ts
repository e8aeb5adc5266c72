import { isLeafType } from 'graphql'
import { SlipwayError } from '../core/errors.js'
import type { Operation, SelectedField } from './operation.js'

/**
 * An answer about the schema may hold this many objects and values. The query that GraphiQL and code generators send
 * makes a quarter of that. No token is needed for it, so the limit is what anybody may have this server do.
 */
const LARGEST_ANSWER = 30_000

export function isIntrospection({ name }: SelectedField): boolean {
  return name === '__schema' || name === '__type'
}

/** What an operation asks of the schema itself, and how many objects and values that is. */
export interface Introspection {
  readonly data: Readonly<Record<string, unknown>>
  readonly made: number
}

/**
 * Answers what an operation asks of the schema itself, which needs no statement. Whatever is made is counted while it is
 * made: the same few types lead to one another without end, so the text of a query does not show its size.
 *
 * @throws SlipwayError `QUERY_TOO_LARGE`
 */
export function introspect({ schema, fields }: Operation): Introspection {
  let made = 0
  const count = () => {
    made += 1
    if (made > LARGEST_ANSWER) {
      throw new SlipwayError('QUERY_TOO_LARGE', {
        message: `Query is too large: more than ${LARGEST_ANSWER} values of the schema`,
        details: 'Ask for a type by `__type(name:)`, or for the schema as schema/schema.graphql has it.',
      })
    }
  }

  const write = (value: unknown, field: SelectedField): unknown => {
    if (Array.isArray(value)) return value.map(item => write(item, field))
    count()
    if (value == null) return null
    if (isLeafType(field.type)) return field.type.serialize(value)
    const [type] = field.objectTypes
    return type === undefined ? null : writeFields(value, field.on(type))
  }

  const writeFields = (source: unknown, selected: readonly SelectedField[]): Record<string, unknown> =>
    Object.fromEntries(selected.map(field => [field.key, write(resolve(source, field), field)]))

  const resolve = (source: unknown, field: SelectedField): unknown => {
    if (field.name === '__typename') return field.parent.name
    // Those of the specification's own types look at nothing but the schema.
    return field.definition.resolve?.(source, field.args, undefined as never, { schema } as never)
  }

  const data = writeFields(undefined, fields.filter(isIntrospection))
  return { data, made }
}
