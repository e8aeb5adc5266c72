import { LRUCache } from 'lru-cache'

/** So many texts are remembered. Each prepared statement takes memory in PostgreSQL, on every connection. */
const REMEMBERED = 500

/**
 * Names statements by their texts, so that PostgreSQL parses and plans each once for a connection: a third of a short
 * statement's time, and more than half of that of a composite query.
 *
 * A text that is seen for the first time stays unnamed: nobody may ever ask for it again. What was forgotten and comes
 * again gets a new name; the statement of the old one ends with its connection, and none lives for long (`client.ts`).
 */
export function statementNames(prefix: string): (text: string) => string {
  const names = new LRUCache<string, string>({ max: REMEMBERED })
  let count = 0
  return text => {
    const known = names.get(text)
    if (known) return known
    const name = known === '' ? `${prefix}_${count++}` : ''
    names.set(text, name)
    return name
  }
}
