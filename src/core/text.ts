import { type ErrorReason, SlipwayError } from './errors.js'

// Lengths are in characters, as PostgreSQL and JSON Schema count them: a surrogate pair is one.

/** The longest free text that is taken in, such as a reason. A page of a list may hold a hundred of them. */
export const LONGEST_TEXT = 4_000
/** The longest URL. Browsers and proxies refuse longer ones in practice. */
export const LONGEST_URL = 2_000
/** The longest subject or ID of a token. Both are indexed, and an entry of PostgreSQL's index has at most 2,704 bytes. */
export const LONGEST_SUBJECT = 255
/** The longest list of an input. A freeze may name all environments that a project can show. */
export const LONGEST_INPUT_LIST = 500

/** Whether a text has more characters than this. */
export function isLonger(text: string, characters: number): boolean {
  if (text.length <= characters) return false
  // No character takes more than two of the units that `length` counts.
  return text.length > 2 * characters || Array.from(text).length > characters
}

/**
 * Refuses a text that is longer than it may be.
 *
 * @param field what the caller knows the text by
 * @param reason what it is refused as; `INVALID_INPUT` says so in its message, any other in its details
 * @throws SlipwayError
 */
export function checkText(
  field: string,
  text: string,
  characters: number = LONGEST_TEXT,
  reason: ErrorReason = 'INVALID_INPUT',
): void {
  if (!isLonger(text, characters)) return
  const fault = `${field} is longer than ${characters.toLocaleString('en')} characters`
  throw new SlipwayError(reason, reason === 'INVALID_INPUT' ? { message: fault } : { details: `${fault}.` })
}

/** The beginning of a text that came from a provider: there is nobody to whom it could be refused. */
export function cutText(text: string, characters: number = LONGEST_TEXT): string {
  if (!isLonger(text, characters)) return text
  // Only what can be part of the result is taken apart.
  const beginning = Array.from(text.slice(0, 2 * characters)).slice(0, characters - 1)
  return `${beginning.join('')}…`
}
