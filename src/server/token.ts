import { randomUUID } from 'node:crypto'
import { createSigner } from 'fast-jwt'
import type { Role } from '../core/actor.js'

interface TokenClaims {
  /** Whom it is made for. */
  readonly subject: string
  readonly role: Role
  /** Names of the projects it is limited to; null: all. */
  readonly projects: readonly string[] | null
  readonly expiresInSeconds: number
}

/** Makes a bearer token (contract, section 5). */
export function signToken(secret: string, { subject, role, projects, expiresInSeconds }: TokenClaims): string {
  const sign = createSigner({ key: secret, algorithm: 'HS256', expiresIn: expiresInSeconds * 1_000 })
  return sign({ sub: subject, jti: randomUUID(), role, ...(projects !== null && { projects }) })
}
