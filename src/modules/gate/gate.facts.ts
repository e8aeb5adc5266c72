import { type Environment, Prisma, type ReleaseCandidate } from '../../database/generated/client.js'
import type { SqlReader } from '../../database/transaction.js'
import type { LockedEnvironment } from '../environment/environment.lock.js'
import type { Sql } from '../reading/row.js'
import { isExclusive } from './gates.js'
import type { FreezeFacts, GateFacts } from './verdict.js'

// The facts that gates go by are read here and nowhere else: what a query says of a deployment, and what is decided about
// it under the lock of its environment, cannot differ.

/** The columns of an environment, as values or as those of a row in a statement. */
type EnvironmentSql = Readonly<Record<keyof Pick<Environment, 'id' | 'projectId' | 'gates' | 'holdReason'>, Sql>>
type CandidateSql = Readonly<
  Record<keyof Pick<ReleaseCandidate, 'id' | 'status' | 'quarantinedAt' | 'quarantinedBy' | 'quarantineReason'>, Sql>
>

export type EnvironmentFacts = Pick<GateFacts, 'now' | 'gates' | 'holdReason' | 'freezes' | 'occupant'>
export type CandidateFacts = Omit<GateFacts, keyof EnvironmentFacts>

/** Facts as JSON has them: times are text. */
type Stored<Facts> = { readonly [Name in keyof Facts]: Facts[Name] extends Date | null ? string : Facts[Name] }

/** The facts about an environment at a time, as one JSON value. Without a lane, nobody asks for who occupies it. */
export function environmentFactsSql(environment: EnvironmentSql, now: Sql, hasLane = true): Sql {
  return Prisma.sql`(
    SELECT json_build_object(
      'now', asked.now,
      'gates', ${environment.gates},
      'holdReason', ${environment.holdReason},
      'freezes', (
        SELECT coalesce(json_agg(json_build_object(
          'startsAt', starts_at, 'endsAt', ends_at, 'rrule', rrule, 'duration', duration, 'timeZone', time_zone,
          'suspendedUntil', suspended_until, 'liftedAt', NULL, 'reason', reason, 'actor', actor) ORDER BY freezes.id), '[]')
        FROM freezes
        WHERE lifted_at IS NULL AND (freezes.project_id = ${environment.projectId} OR freezes.project_id IS NULL)
          AND (ends_at IS NULL OR ends_at > asked.now)
          AND (cardinality(environment_ids) = 0 OR ${environment.id} = ANY (environment_ids))
      ),
      'occupant', ${hasLane ? occupantSql(environment) : Prisma.sql`NULL`})
    FROM (SELECT ${now} AS now) AS asked)`
}

/** The deployment that is active on an environment since the longest time. */
function occupantSql({ id }: EnvironmentSql): Sql {
  return Prisma.sql`(
    SELECT json_build_object('number', active.number, 'version', release.version || '-rc' || candidate.number)
    FROM (
      SELECT number, candidate_id FROM deployments
      WHERE environment_id = ${id} AND finished_at IS NULL AND admitted_at IS NOT NULL
      ORDER BY number LIMIT 1
    ) AS active
    JOIN release_candidates AS candidate ON candidate.id = active.candidate_id
    JOIN releases AS release ON release.id = candidate.release_id)`
}

/**
 * The facts about a candidate that is to be deployed to an environment, as one JSON value. A success that was undone by a
 * rollback does not count.
 */
export function candidateFactsSql(environment: EnvironmentSql, candidate: CandidateSql): Sql {
  return Prisma.sql`json_build_object(
    'candidateStatus', ${candidate.status},
    'quarantine', CASE WHEN ${candidate.quarantinedAt} IS NOT NULL THEN
      json_build_object('actor', ${candidate.quarantinedBy}, 'reason', ${candidate.quarantineReason}) END,
    'promotions', (
      SELECT coalesce(json_agg(json_build_object(
        'environment', source.name,
        'succeededAt', (
          SELECT min(success.finished_at) FROM deployments AS success
          WHERE success.candidate_id = ${candidate.id} AND success.environment_id = source.id
            AND success.status = 'SUCCESS'
            AND NOT EXISTS (
              SELECT FROM deployments AS rollback WHERE rollback.undoes_id = success.id AND rollback.status <> 'CANCELED')
        )) ORDER BY source.tier, source.id), '[]')
      FROM environments AS source
      WHERE source.id = ANY (
        SELECT jsonb_array_elements_text(${environment.gates} #> '{promotion,environmentIds}')::uuid)
    ),
    'approvals', (
      SELECT coalesce(json_agg(review.actor ORDER BY review.id), '[]') FROM deployment_reviews AS review
      WHERE review.environment_id = ${environment.id} AND review.candidate_id = ${candidate.id}
        AND review.verdict = 'APPROVED' AND review.withdrawn_at IS NULL
    ))`
}

/** The facts about an environment, and about a candidate, as they were stored. */
export type StoredFacts = [environment: Stored<EnvironmentFacts>, candidate: Stored<CandidateFacts>]

export function fromStoredFacts(...[environment, candidate]: StoredFacts): GateFacts {
  return { ...fromStoredEnvironment(environment), ...fromStoredCandidate(candidate) }
}

function fromStoredEnvironment(facts: Stored<EnvironmentFacts>): EnvironmentFacts {
  return { ...facts, now: new Date(facts.now), freezes: facts.freezes.map(withTimes) }
}

function fromStoredCandidate(facts: Stored<CandidateFacts>): CandidateFacts {
  const promotions = facts.promotions.map(({ environment, succeededAt }) => ({
    environment,
    succeededAt: time(succeededAt),
  }))
  return { ...facts, promotions }
}

function withTimes(freeze: FreezeFacts): FreezeFacts {
  const { startsAt, endsAt, suspendedUntil } = freeze
  return { ...freeze, startsAt: new Date(startsAt), endsAt: time(endsAt), suspendedUntil: time(suspendedUntil) }
}

/** What JSON has for a time. */
function time(text: Date | string | null): Date | null {
  return text === null ? null : new Date(text)
}

/** A locked environment's columns as values. */
function columnsOf(environment: LockedEnvironment): EnvironmentSql {
  return {
    id: Prisma.sql`${environment.id}::uuid`,
    projectId: Prisma.sql`${environment.projectId}::uuid`,
    gates: Prisma.sql`${JSON.stringify(environment.gates)}::jsonb`,
    holdReason: Prisma.sql`${environment.holdReason}::text`,
  }
}

/** Reads the facts about an environment that is locked. `now` is when the lock was got. */
export async function readEnvironmentFacts(
  reader: SqlReader,
  environment: LockedEnvironment,
  now: Date,
): Promise<EnvironmentFacts> {
  const at = Prisma.sql`${now}::timestamptz`
  const facts = environmentFactsSql(columnsOf(environment), at, isExclusive(environment.gates))
  const [row] = await reader.$queryRaw<[{ facts: Stored<EnvironmentFacts> }]>(Prisma.sql`SELECT ${facts} AS facts`)
  return fromStoredEnvironment(row.facts)
}

/** Reads the facts about a candidate, which was read under the lock of the environment that it is to be deployed to. */
export async function readFacts(
  reader: SqlReader,
  environment: LockedEnvironment,
  candidate: ReleaseCandidate,
  now: Date,
): Promise<GateFacts> {
  const ofEnvironment = await readEnvironmentFacts(reader, environment, now)
  const { promotion, approval } = environment.gates
  // Most environments have neither, and pipelines call this all the time.
  if (promotion == null && approval == null) return { ...ofEnvironment, ...factsOf(candidate) }
  const [row] = await reader.$queryRaw<[{ facts: Stored<CandidateFacts> }]>(Prisma.sql`
    SELECT ${candidateFactsSql(columnsOf(environment), CANDIDATE)} AS facts
    FROM release_candidates AS subject WHERE subject.id = ${candidate.id}::uuid`)
  return { ...ofEnvironment, ...fromStoredCandidate(row.facts) }
}

/** The facts that a candidate itself has. */
function factsOf({ status, quarantinedBy, quarantineReason }: ReleaseCandidate): CandidateFacts {
  const isInQuarantine = quarantinedBy !== null && quarantineReason !== null
  return {
    candidateStatus: status,
    quarantine: isInQuarantine ? { actor: quarantinedBy, reason: quarantineReason } : null,
    promotions: [],
    approvals: [],
  }
}

/** The columns of the row `subject`. */
const CANDIDATE: CandidateSql = {
  id: Prisma.sql`subject.id`,
  status: Prisma.sql`subject.status`,
  quarantinedAt: Prisma.sql`subject.quarantined_at`,
  quarantinedBy: Prisma.sql`subject.quarantined_by`,
  quarantineReason: Prisma.sql`subject.quarantine_reason`,
}

/** Reads the next deployments that wait on a locked environment, in the order in which they were asked for. */
export async function readWaiting<Columns>(
  reader: SqlReader,
  environment: LockedEnvironment,
  columns: Sql,
  {
    after,
    limit,
    candidateId,
  }: { readonly after: number; readonly limit: number; readonly candidateId: string | null },
): Promise<{ readonly deployment: Columns; readonly facts: CandidateFacts }[]> {
  const isIt = candidateId === null ? Prisma.sql`true` : Prisma.sql`candidate_id = ${candidateId}::uuid`
  const rows = await reader.$queryRaw<(Columns & { facts: Stored<CandidateFacts> })[]>(Prisma.sql`
    SELECT waiting.*, ${candidateFactsSql(columnsOf(environment), CANDIDATE)} AS facts
    FROM (
      SELECT ${columns} FROM deployments
      WHERE environment_id = ${environment.id}::uuid AND finished_at IS NULL AND admitted_at IS NULL
        AND number > ${after} AND ${isIt}
      ORDER BY number LIMIT ${limit}
    ) AS waiting
    JOIN release_candidates AS subject ON subject.id = waiting."candidateId"
    ORDER BY waiting.number`)
  return rows.map(({ facts, ...deployment }) => ({
    deployment: deployment as Columns,
    facts: fromStoredCandidate(facts),
  }))
}
