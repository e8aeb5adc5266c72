import type { Deployment, Environment, ReleaseCandidate } from '../../../../../src/database/generated/client.js'
import type { Gates } from '../../../../../src/modules/gate/gates.js'
import { judge, stateOf, unmet } from '../../../../../src/modules/gate/judge.js'
import type { GateFacts } from '../../../../../src/modules/gate/verdict.js'
import type { Tables } from '../tables.js'
import { type Asker, byId, rowOf, sorted } from './read.js'
import {
  binds,
  candidateNamed,
  currentDeploymentOf,
  inPromotionOrder,
  isOlder,
  openFreezes,
  versionOf,
} from './rows.js'

// What gates say is for the rules to judge, which are no part of reading; the facts that they go by are.

/** The gates that a deployment waits at. */
export function waitingFor(tables: Tables, deployment: Deployment) {
  const { admittedAt, finishedAt, kind, actor, isAutomatic, isForced } = deployment
  if (admittedAt !== null || finishedAt !== null) return []
  const environment = rowOf(tables.environments, deployment.environmentId)
  const candidate = rowOf(tables.candidates, deployment.candidateId)
  return unmet(judge(factsOf(tables, environment, candidate), { kind, actor, isAutomatic, isForced, isTaken: true }))
}

/** What would come of a deployment; null when there is no such candidate. */
export function checkDeployment(
  tables: Tables,
  environment: Environment,
  { candidateVersion, force }: { readonly candidateVersion: string; readonly force: boolean },
  { subject }: Asker,
) {
  const candidate = candidateNamed(tables, environment.projectId, candidateVersion)
  if (candidate === null) return null
  const current = currentDeploymentOf(tables, environment.id)
  const request = { kind: 'DEPLOYMENT', actor: subject, isAutomatic: false, isForced: force, isTaken: false } as const
  const gates = judge(factsOf(tables, environment, candidate), request)
  const state = stateOf(gates)
  const downgrade = current !== undefined && isOlder(candidate, rowOf(tables.candidates, current.candidateId))
  return { allowed: state === 'OPEN', state, downgrade, gates }
}

function factsOf(tables: Tables, environment: Environment, candidate: ReleaseCandidate): GateFacts {
  const gates = environment.gates as Gates
  const sources = tables.environments.filter(({ id }) => gates.promotion?.environmentIds.includes(id))
  const { quarantinedBy, quarantineReason } = candidate
  const isInQuarantine = quarantinedBy !== null && quarantineReason !== null
  return {
    now: new Date(),
    gates,
    holdReason: environment.holdReason,
    freezes: sorted(
      openFreezes(tables).filter(freeze => binds(freeze, environment)),
      byId,
    ),
    occupant: occupantOf(tables, environment),
    candidateStatus: candidate.status,
    quarantine: isInQuarantine ? { actor: quarantinedBy, reason: quarantineReason } : null,
    promotions: inPromotionOrder(sources).map(source => ({
      environment: source.name,
      succeededAt: firstSuccess(tables, source, candidate),
    })),
    approvals: sorted(tables.reviews, byId)
      .filter(review => review.environmentId === environment.id && review.candidateId === candidate.id)
      .filter(({ verdict, withdrawnAt }) => verdict === 'APPROVED' && withdrawnAt === null)
      .map(({ actor }) => actor),
  }
}

/** The deployment that was let through and is active since the longest time. */
function occupantOf(tables: Tables, { id }: Environment): GateFacts['occupant'] {
  const active = tables.deployments.filter(
    ({ environmentId, finishedAt, admittedAt }) => environmentId === id && finishedAt === null && admittedAt !== null,
  )
  const [first] = sorted(active, ({ number }) => number)
  if (first === undefined) return null
  return { number: first.number, version: versionOf(tables, rowOf(tables.candidates, first.candidateId)) }
}

/** When a candidate first succeeded on an environment. What a rollback undoes does not count. */
function firstSuccess({ deployments }: Tables, { id }: Environment, candidate: ReleaseCandidate): Date | null {
  const successes = deployments.filter(
    success =>
      success.environmentId === id &&
      success.candidateId === candidate.id &&
      success.status === 'SUCCESS' &&
      !deployments.some(rollback => rollback.undoesId === success.id && rollback.status !== 'CANCELED'),
  )
  const [first] = sorted(successes, ({ finishedAt }) => finishedAt?.getTime() ?? 0)
  return first?.finishedAt ?? null
}
