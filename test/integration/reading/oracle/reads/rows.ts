import { TypeID } from 'typeid-js'
import { formatCandidateVersion, parseCandidateVersion } from '../../../../../src/core/candidate-version.js'
import type { Deployment, Environment, Freeze, ReleaseCandidate } from '../../../../../src/database/generated/client.js'
import type { EnvironmentTier } from '../../../../../src/database/generated/enums.js'
import type { Tables } from '../tables.js'
import { byId, newestFirst, rowOf, sorted } from './read.js'

// Rows and values that fields of several types lead to.

const TIERS: readonly EnvironmentTier[] = ['DEVELOPMENT', 'STAGING', 'PRODUCTION']

export function inPromotionOrder(environments: readonly Environment[]): Environment[] {
  return sorted(environments, ({ tier }) => TIERS.indexOf(tier), byId)
}

export function globalId(kind: string, { id }: { readonly id: string }): string {
  return TypeID.fromUUID(kind, id).toString()
}

export function versionOf(tables: Tables, { releaseId, number }: ReleaseCandidate): string {
  return formatCandidateVersion({ release: rowOf(tables.releases, releaseId).version, number })
}

export function candidateNamed(tables: Tables, projectId: string, text: string): ReleaseCandidate | null {
  const { release, number } = parseCandidateVersion(text)
  const named = tables.releases.find(other => other.projectId === projectId && other.version === release)
  return tables.candidates.find(other => other.releaseId === named?.id && other.number === number) ?? null
}

/** The deployment by which an environment got what it runs: its last success by end time. */
export function currentDeploymentOf({ deployments }: Tables, environmentId: string): Deployment | undefined {
  const successes = deployments.filter(other => other.environmentId === environmentId && other.status === 'SUCCESS')
  return newestFirst(
    successes,
    ({ finishedAt }) => finishedAt?.getTime() ?? 0,
    ({ number }) => number,
  )[0]
}

/** The freezes that bind now or may bind later. */
export function openFreezes({ freezes }: Tables): Freeze[] {
  const now = new Date()
  return freezes.filter(({ liftedAt, endsAt }) => liftedAt === null && (endsAt === null || endsAt > now))
}

export function binds(freeze: Freeze, { id, projectId }: Environment): boolean {
  const isOfProject = freeze.projectId === null || freeze.projectId === projectId
  return isOfProject && (freeze.environmentIds.length === 0 || freeze.environmentIds.includes(id))
}

/** Whether one candidate is older than another, by when it was cut. */
export function isOlder(candidate: ReleaseCandidate, other: ReleaseCandidate | null): boolean {
  if (other === null) return false
  const [first] = sorted([candidate, other], ({ createdAt }) => createdAt.getTime(), byId)
  return first === candidate && candidate.id !== other.id
}
