import { SlipwayError } from '../../core/errors.js'

/** @throws SlipwayError `INVALID_INPUT` unless the name fits (contract, section 1) */
export function checkEnvironmentName(name: string): void {
  if (!/^[A-Za-z0-9_-]{1,100}$/.test(name)) {
    throw new SlipwayError('INVALID_INPUT', {
      message: 'Invalid environment name',
      details: 'Expected 1 to 100 letters, digits, "-" or "_".',
    })
  }
}
