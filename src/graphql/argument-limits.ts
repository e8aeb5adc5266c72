import { SlipwayError } from '../core/errors.js'
import { isStorable } from '../core/storable-text.js'

/** A text that is taken in has at most this many characters, and a URL this many. */
const LONGEST_TEXT = 4_000
const LONGEST_URL = 2_000
const LONGEST_LIST = 500

/**
 * Checks how large the values are that a field is asked with, and that they can be stored. All that clients say comes through here, whichever way it
 * came: what is stored, looked up and logged of it has a bound that no single field can forget.
 *
 * @throws SlipwayError `INVALID_INPUT` that names what is wrong
 */
export function checkArguments(args: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(args)) checkValue(name, value)
}

function checkValue(name: string, value: unknown): void {
  if (typeof value === 'string') {
    const longest = /url$/i.test(name) ? LONGEST_URL : LONGEST_TEXT
    if (value.length > longest) refuse(`${name} is longer than ${longest} characters`)
    if (!isStorable(value)) refuse(`${name} must not contain the character U+0000, or half of a surrogate pair`)
  } else if (Array.isArray(value)) {
    if (value.length > LONGEST_LIST) refuse(`${name} has more than ${LONGEST_LIST} values`)
    for (const item of value) checkValue(name, item)
  } else if (typeof value === 'object' && value !== null && !(value instanceof Date)) {
    checkArguments(value as Readonly<Record<string, unknown>>)
  }
}

function refuse(message: string): never {
  throw new SlipwayError('INVALID_INPUT', { message })
}
