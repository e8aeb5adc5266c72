import { SlipwayError } from '../../core/errors.js'

/**
 * Reads a commit or the beginning of one (contract, section 1), and lower-cases it.
 *
 * @throws SlipwayError `INVALID_COMMIT`
 */
export function parseCommit(text: string): string {
  if (!/^[0-9a-f]{7,64}$/i.test(text)) {
    throw new SlipwayError('INVALID_COMMIT', { details: 'Expected 7 to 64 hexadecimal digits.' })
  }
  return text.toLowerCase()
}
