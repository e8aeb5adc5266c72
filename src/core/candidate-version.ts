import { SlipwayError } from './errors.js'

/** A release candidate's version taken apart: `v1.4.0-rc2` is candidate 2 of release `v1.4.0`. */
export interface CandidateVersion {
  readonly release: string
  readonly number: number
}

// The greedy first group makes the last `-rc<N>` count.
const PATTERN = /^([A-Za-z0-9][A-Za-z0-9._+@/-]{0,99})-rc([1-9][0-9]{0,8})$/

/**
 * Reads `<release version>-rc<N>` (contract, section 1).
 *
 * @throws SlipwayError `INVALID_CANDIDATE_VERSION`
 */
export function parseCandidateVersion(text: string): CandidateVersion {
  const [, release, number] = PATTERN.exec(text) ?? []
  if (release === undefined || number === undefined) {
    throw new SlipwayError('INVALID_CANDIDATE_VERSION', {
      details:
        'Expected <release version>-rc<N>, such as v1.4.0-rc1: a release version of 1 to 100 letters, digits and ' +
        '. _ + - @ / that begins with a letter or digit, and N from 1 to 999999999 without leading zeros.',
    })
  }
  return { release, number: Number(number) }
}

export function formatCandidateVersion(version: CandidateVersion): string {
  return `${version.release}-rc${version.number}`
}
