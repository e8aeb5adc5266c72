import { SlipwayError } from '../../core/errors.js'

/** What a list is sorted by, and so what a cursor holds: a row's number, or its key. */
export type SortKey = number | string

/** The largest that a column of numbers can hold. */
const LARGEST_NUMBER = 2 ** 31 - 1
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** Makes the opaque cursor of a row. */
export function toCursor(key: SortKey): string {
  return Buffer.from(String(key)).toString('base64url')
}

/** @throws SlipwayError `INVALID_INPUT` unless the cursor came from a list that is sorted by number */
export function numberFromCursor(cursor: string): number {
  const text = decode(cursor)
  if (!/^[1-9][0-9]{0,9}$/.test(text) || Number(text) > LARGEST_NUMBER) throw invalidCursor()
  return Number(text)
}

/** @throws SlipwayError `INVALID_INPUT` unless the cursor came from a list that is sorted by key */
export function keyFromCursor(cursor: string): string {
  const text = decode(cursor)
  if (!UUID.test(text)) throw invalidCursor()
  return text
}

function decode(cursor: string): string {
  return Buffer.from(cursor, 'base64url').toString()
}

function invalidCursor(): SlipwayError {
  return new SlipwayError('INVALID_INPUT', {
    message: 'Invalid cursor',
    details: 'Pass as `after` the `endCursor` of an earlier page of the same list.',
  })
}
