import { type Deployment, type Environment, Prisma } from '../../database/generated/client.js'
import { computed } from '../reading/computed.js'
import { type List, list } from '../reading/list.js'
import { type OfTheMoment, ofTheMoment } from '../reading/of-the-moment.js'
import { join, type Row, Rows, type Sql, shapeOf } from '../reading/row.js'
import { byKey, CANDIDATES, ENVIRONMENTS } from '../reading/tables.js'
import { candidateNamed } from '../release/release.rows.js'
import { candidateFactsSql, environmentFactsSql, fromStoredFacts, type StoredFacts } from './gate.facts.js'
import { judge, stateOf, unmet } from './judge.js'
import { type GateRequest, GateState } from './verdict.js'

/** The gates of an environment as its JSON has them. */
export interface GatesColumns {
  readonly environmentId: string
  readonly approval: unknown
  readonly lane: string
  readonly expiresAfterHours: number | null
  readonly environmentIds: readonly string[] | null
  readonly soakMinutes: number | null
}

const GATES = shapeOf<GatesColumns>([
  'environmentId',
  'approval',
  'lane',
  'expiresAfterHours',
  'environmentIds',
  'soakMinutes',
])

/** The gates of an environment. */
export function gatesOf({ id, gates }: Row<Environment>): Rows<GatesColumns> {
  return new Rows(
    GATES,
    Prisma.sql`
      SELECT ${id} AS environment_id, nullif(${gates} -> 'approval', 'null') AS approval,
             coalesce(${gates} ->> 'lane', 'ALLOW') AS lane,
             (${gates} ->> 'expiresAfterHours')::integer AS expires_after_hours,
             CASE WHEN ${gates} #> '{promotion,environmentIds}' IS NOT NULL THEN ARRAY(
               SELECT jsonb_array_elements_text(${gates} #> '{promotion,environmentIds}')::uuid) END AS environment_ids,
             (${gates} #>> '{promotion,soakMinutes}')::integer AS soak_minutes`,
  )
}

const PROMOTION = shapeOf<{ soakMinutes: number; environmentIds: string[] }>(['soakMinutes', 'environmentIds'])

/** The promotion gate among an environment's gates. */
export function promotionOf({ soakMinutes, environmentIds }: Row<GatesColumns>) {
  return new Rows(
    PROMOTION,
    Prisma.sql`
      SELECT ${soakMinutes} AS soak_minutes, ${environmentIds} AS environment_ids WHERE ${environmentIds} IS NOT NULL`,
  )
}

/** Environments by their keys, in promotion order. */
export function environmentsByKey(keys: Sql): List {
  const rows = ENVIRONMENTS.where(Prisma.sql`id = ANY (${keys})`)
  return list(rows, environment => Prisma.sql`${environment.tier}, ${environment.id}`)
}

/** The gates that a deployment waits at, as they are now. */
export function waitingFor(deployment: Row<Deployment>): OfTheMoment {
  const environment = join(deployment, byKey(ENVIRONMENTS, deployment.environmentId))
  const candidate = join(deployment, byKey(CANDIDATES, deployment.candidateId))
  const { kind, actor, isAutomatic, isForced, finishedAt, admittedAt } = deployment
  const stored = Prisma.sql`
    CASE WHEN ${finishedAt} IS NULL AND ${admittedAt} IS NULL THEN json_build_array(
      ${environmentFactsSql(environment, NOW)}, ${candidateFactsSql(environment, candidate)},
      json_build_object('kind', ${kind}, 'actor', ${actor}, 'isAutomatic', ${isAutomatic}, 'isForced', ${isForced}))
    ELSE '[]' END`
  return ofTheMoment(
    computed<[] | [...StoredFacts, Omit<GateRequest, 'isTaken'>]>(stored, facts => {
      if (facts.length === 0) return []
      const [ofEnvironment, ofCandidate, request] = facts
      return unmet(judge(fromStoredFacts(ofEnvironment, ofCandidate), { ...request, isTaken: true }))
    }),
  )
}

/** What would come of a deployment of a candidate that `actor` asked for now; null when there is no such candidate. */
export function checkDeployment(
  environment: Row<Environment>,
  candidateVersion: string,
  request: Pick<GateRequest, 'actor' | 'isForced'>,
  currentCandidateId: Sql,
): OfTheMoment {
  const candidate = join(environment, candidateNamed(environment.projectId, candidateVersion))
  const current = join(environment, byKey(CANDIDATES, currentCandidateId))
  const stored = Prisma.sql`
    CASE WHEN ${candidate.id} IS NOT NULL THEN json_build_array(
      ${environmentFactsSql(environment, NOW)}, ${candidateFactsSql(environment, candidate)},
      ${isOlder(candidate, current)}) END`
  return ofTheMoment(
    computed<[...StoredFacts, boolean]>(stored, ([ofEnvironment, ofCandidate, downgrade]) => {
      const asked = { ...request, kind: 'DEPLOYMENT', isAutomatic: false, isTaken: false } as const
      const gates = judge(fromStoredFacts(ofEnvironment, ofCandidate), asked)
      const state = stateOf(gates)
      return { allowed: state === GateState.OPEN, state, downgrade, gates }
    }),
  )
}

/** Whether what a deployment deploys is older than what the environment ran then. */
export function isDowngrade(deployment: Row<Deployment>): Sql {
  const candidate = join(deployment, byKey(CANDIDATES, deployment.candidateId))
  const previous = join(deployment, byKey(CANDIDATES, deployment.previousCandidateId))
  return isOlder(candidate, previous)
}

function isOlder(candidate: Row<{ id: string; createdAt: Date }>, other: Row<{ id: string; createdAt: Date }>): Sql {
  return Prisma.sql`coalesce((${candidate.createdAt}, ${candidate.id}) < (${other.createdAt}, ${other.id}), false)`
}

const NOW = Prisma.sql`clock_timestamp()`
