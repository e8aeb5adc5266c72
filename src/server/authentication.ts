import fastifyJwt from '@fastify/jwt'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type Actor, ROLES, type Role } from '../core/actor.js'
import { SlipwayError } from '../core/errors.js'
import { isStorable } from '../core/storable-text.js'
import { isLonger, LONGEST_SUBJECT } from '../core/text.js'
import type { RevokedTokens } from './revoked-tokens.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks; null when no token was shown. */
    actor: Actor | null
    /** Why the token that was shown is refused. */
    tokenFault: Error | null
  }
}

interface AuthenticationOptions {
  readonly secret: string
  readonly revokedTokens: RevokedTokens
}

/**
 * Finds out who asks from the bearer token (contract, section 5; RFC 6750). A faulty token is remembered here and refused
 * by `refuseFaultyTokens`, so that a limit on requests can count those who try tokens.
 */
export async function identifyActors(app: FastifyInstance, options: AuthenticationOptions): Promise<void> {
  await app.register(fastifyJwt, {
    secret: options.secret,
    sign: { algorithm: 'HS256' },
    // A token without an end would be good for ever.
    verify: { algorithms: ['HS256'], requiredClaims: ['exp', 'sub', 'jti', 'role'], cache: 1_000, extractToken },
  })
  app.decorateRequest('actor', null)
  app.decorateRequest('tokenFault', null)
  app.addHook('onRequest', async request => {
    const { authorization } = request.headers
    // GraphiQL sends the header also before a token was put into it.
    if (authorization === undefined || /^Bearer[ .]*$/i.test(authorization)) return
    try {
      const actor = toActor(await request.jwtVerify())
      if (await options.revokedTokens.has(actor.tokenId)) throw new SlipwayError('UNAUTHENTICATED')
      request.actor = actor
    } catch (error) {
      request.tokenFault =
        error instanceof SlipwayError || !isTokenFault(error) ? asError(error) : unauthenticated(error)
    }
  })
}

/** The token in an `Authorization` header: the scheme in any case, and any number of spaces (RFC 9110, section 11.4). */
function extractToken({ headers: { authorization = '' } }: FastifyRequest): string | undefined {
  return /^Bearer +(\S+)$/i.exec(authorization)?.[1]
}

/** Refuses a request whose token is faulty, also where none would have been needed: its sender believes in it. */
export async function refuseFaultyTokens(request: FastifyRequest): Promise<void> {
  if (request.tokenFault !== null) throw request.tokenFault
}

function isTokenFault(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code
  return typeof code === 'string' && /^(FST_JWT_|FAST_JWT_)/.test(code)
}

function unauthenticated(cause: unknown): SlipwayError {
  return new SlipwayError('UNAUTHENTICATED', { cause })
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}

/** Reads the claims of a token whose signature is good; they may still not be what this server writes. */
function toActor(claims: unknown): Actor {
  const { sub, jti, role, projects } = claims as Record<string, unknown>
  if (!isName(sub) || !isName(jti) || !isRole(role) || !isNames(projects))
    throw new SlipwayError('UNAUTHENTICATED', { details: 'The claims of the token are malformed.' })
  return { subject: sub, tokenId: jti, role, projects: projects === undefined ? null : new Set(projects) }
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && isStorable(value) && !isLonger(value, LONGEST_SUBJECT)
}

function isRole(value: unknown): value is Role {
  return ROLES.some(role => role === value)
}

function isNames(value: unknown): value is string[] | undefined {
  return value === undefined || (Array.isArray(value) && value.every(isName))
}
