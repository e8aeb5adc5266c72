// JSON and JavaScript have texts that no PostgreSQL stores: those with the character U+0000, or with half of a surrogate
// pair, which is no character at all.

const HALF_PAIRS = /\p{Surrogate}/gu

/** Whether PostgreSQL can store a text, or look for it. */
export function isStorable(text: string): boolean {
  return !text.includes('\0') && text.search(HALF_PAIRS) < 0
}

/**
 * What came from outside, with U+FFFD (REPLACEMENT CHARACTER) for what cannot be stored, in all texts of it: there is
 * nobody to whom it could be refused.
 */
export function storable<Value>(value: Value): Value
export function storable(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll('\0', '\ufffd').replace(HALF_PAIRS, '\ufffd')
  if (Array.isArray(value)) return value.map(storable)
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, storable(item)]))
}
