/** What a token lets its bearer do, in rising order: each role may all that the ones before it may. */
export const ROLES = ['viewer', 'deployer', 'approver', 'admin'] as const

export type Role = (typeof ROLES)[number]

/** Who asks: the bearer of a token that was found good. */
export interface Actor {
  readonly subject: string
  /** The token's `jti`. */
  readonly tokenId: string
  readonly role: Role
  /** Names of the projects it may see; null: all. */
  readonly projects: ReadonlySet<string> | null
}

/** Who did what Slipway did by itself, in the histories and in the audit. */
export const SLIPWAY = { subject: 'slipway', tokenId: 'slipway' } as const

export function hasRole(actor: Actor, needed: Role): boolean {
  return ROLES.indexOf(actor.role) >= ROLES.indexOf(needed)
}

export function maySeeProject(actor: Actor, name: string): boolean {
  return actor.projects === null || actor.projects.has(name)
}
