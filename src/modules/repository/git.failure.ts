import { SlipwayError } from '../../core/errors.js'
import type { GitResult } from './git.program.js'

const NOT_FOUND =
  /not found|does not exist|does not appear to be a git repository|no such file or directory|not a git repository/i
const REFUSED =
  /authentication failed|could not read username|permission denied|access denied|returned error: (401|403)/i
const OWN_FAULT = /no space left on device|unable to create temporary|read-only file system/i

/** After how many seconds a git server that failed may be asked again. */
const RETRY_AFTER_S = 30

/**
 * The error to be told for a git command that failed on a remote repository. What git said is kept as the cause, for
 * the log, without the credentials that a clone URL may hold.
 */
export function gitFailure(result: GitResult, cloneUrl: string): Error {
  const said = withoutCredentials(result.stderr.trim(), cloneUrl)
  const cause = new Error(result.exitCode === null ? `git took too long: ${said}` : said)
  if (OWN_FAULT.test(said)) return cause
  if (result.exitCode !== null && REFUSED.test(said)) {
    return new SlipwayError('REPOSITORY_NOT_FOUND', { details: 'The git server refuses access to it.', cause })
  }
  if (result.exitCode !== null && NOT_FOUND.test(said) && !/could not resolve host/i.test(said)) {
    return new SlipwayError('REPOSITORY_NOT_FOUND', { details: 'There is no repository at the clone URL.', cause })
  }
  return new SlipwayError('HOST_UNAVAILABLE', {
    message: 'Git server is unavailable',
    retryAfter: RETRY_AFTER_S,
    cause,
  })
}

function withoutCredentials(text: string, cloneUrl: string): string {
  const { username, password } = new URL(cloneUrl)
  return [password, username]
    .filter(secret => secret !== '')
    .flatMap(secret => [secret, decodeURIComponent(secret)])
    .reduce((cleaned, secret) => cleaned.replaceAll(secret, '***'), text)
}
