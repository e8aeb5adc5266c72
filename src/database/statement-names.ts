/** Each prepared statement takes memory on every connection, and lists of keys make texts of many lengths. */
const PREPARED_STATEMENTS = 500

/**
 * Names statements by their texts, so that PostgreSQL parses and plans each once for a connection: a third of a short
 * statement's time. What comes after the limit stays unnamed, which is right but slower.
 */
export function statementNames(prefix: string): (text: string) => string {
  const names = new Map<string, string>()
  return text => {
    const known = names.get(text)
    if (known !== undefined) return known
    if (names.size >= PREPARED_STATEMENTS) return ''
    const name = `${prefix}_${names.size}`
    names.set(text, name)
    return name
  }
}
