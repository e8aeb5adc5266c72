import type { Role } from '../../src/core/actor.js'
import { signToken } from '../../src/server/token.js'

/** What the tokens of the tests are signed with. */
export const JWT_SECRET = 'a secret of the tests that is long enough'

export interface TestToken {
  readonly subject?: string
  readonly role?: Role
  /** Names of the projects it is limited to; without them, all. */
  readonly projects?: readonly string[]
  readonly expiresInSeconds?: number
}

/** Makes a token; without options an administrator's, for a day. */
export function testToken(options: TestToken = {}): string {
  const { subject = 'tester', role = 'admin', projects = null, expiresInSeconds = 86_400 } = options
  return signToken(JWT_SECRET, { subject, role, projects, expiresInSeconds })
}
