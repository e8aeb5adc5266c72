import { type Deployment, Prisma } from '../../database/generated/client.js'
import type { SqlTransaction } from '../../database/transaction.js'
import { DEPLOYMENT_COLUMNS } from '../deployment/deployment.store.js'
import type { LockedEnvironment } from '../environment/environment.lock.js'
import type { Success } from './rollback.rules.js'

/** So far back it is looked for something to go back to. */
const LONGEST_HISTORY = 10_000

/**
 * The newest deployment that was carried out on an environment; null: none was. A rollback that did not succeed has left
 * to be undone what it was to undo.
 */
export async function newestCarriedOut(tx: SqlTransaction, environment: LockedEnvironment): Promise<Deployment | null> {
  const [newest] = await tx.$queryRaw<Deployment[]>(Prisma.sql`
    SELECT ${DEPLOYMENT_COLUMNS} FROM deployments
    WHERE environment_id = ${environment.id}::uuid AND admitted_at IS NOT NULL
      AND NOT (kind = 'ROLLBACK' AND status <> 'SUCCESS')
    ORDER BY number DESC LIMIT 1`)
  return newest ?? null
}

/** The successes of an environment, oldest first. */
export function successesOf(tx: SqlTransaction, environment: LockedEnvironment): PromiseLike<Success[]> {
  return tx.$queryRaw<Success[]>(Prisma.sql`
    SELECT candidate_id AS "candidateId", kind, candidate.quarantined_at IS NOT NULL AS "isQuarantined"
    FROM (
      SELECT candidate_id, kind, finished_at, number FROM deployments
      WHERE environment_id = ${environment.id}::uuid AND status = 'SUCCESS'
      ORDER BY finished_at DESC, number DESC LIMIT ${LONGEST_HISTORY}
    ) AS success
    JOIN release_candidates AS candidate ON candidate.id = success.candidate_id
    ORDER BY success.finished_at, success.number`)
}

/** Whether a rollback of a deployment was asked for before, whoever did, unless it was canceled. */
export async function isUndone(tx: SqlTransaction, deployment: Deployment): Promise<boolean> {
  const rows = await tx.$queryRaw<unknown[]>(Prisma.sql`
    SELECT 1 FROM deployments WHERE undoes_id = ${deployment.id}::uuid AND (is_automatic OR status <> 'CANCELED') LIMIT 1`)
  return rows.length > 0
}
