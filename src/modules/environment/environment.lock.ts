import { SlipwayError } from '../../core/errors.js'
import { type Environment, Prisma, type Project } from '../../database/generated/client.js'
import type { SqlTransaction } from '../../database/transaction.js'
import type { Automation } from '../automation/automation.js'
import type { Gates } from '../gate/gates.js'

declare const locked: unique symbol

/**
 * An environment whose row the transaction has locked: until it ends, no other call decides anything about this
 * environment. Whatever creates or changes a deployment asks for one, so that it cannot be done without the lock.
 */
export type LockedEnvironment = Omit<Environment, 'gates' | 'automation'> & {
  readonly [locked]: true
  readonly gates: Gates
  readonly automation: Automation
}

/** The turn (`inTurn`) of a transaction that locks an environment which is named, before its key is known. */
export function turnOfNamed({
  project,
  environment,
}: {
  readonly project: string
  readonly environment: string
}): string {
  return `environment ${project}/${environment}`
}

/** The same when its key is known. */
export function turnOf(environmentId: string): string {
  return `environment ${environmentId}`
}

/**
 * Locks an environment and tells the time at which the lock was got, by the database's clock.
 *
 * The lock leaves other transactions free to refer to the row by foreign keys. The time is taken outside of the
 * locking query, since PostgreSQL evaluates that one's columns before it waits.
 *
 * @throws SlipwayError `ENVIRONMENT_NOT_FOUND`
 */
export function lockEnvironment(
  tx: SqlTransaction,
  project: Project,
  name: string,
): Promise<{ environment: LockedEnvironment; now: Date }> {
  return lock(tx, Prisma.sql`project_id = ${project.id}::uuid AND name = ${name}`)
}

/** Locks an environment by its key. */
export function lockEnvironmentByKey(
  tx: SqlTransaction,
  id: string,
): Promise<{ environment: LockedEnvironment; now: Date }> {
  return lock(tx, Prisma.sql`id = ${id}::uuid`)
}

/** Locks the environment of a deployment. */
export function lockEnvironmentOf(
  tx: SqlTransaction,
  deploymentId: string,
): Promise<{ environment: LockedEnvironment; now: Date }> {
  return lock(tx, Prisma.sql`id = (SELECT environment_id FROM deployments WHERE id = ${deploymentId}::uuid)`)
}

async function lock(tx: SqlTransaction, isIt: Prisma.Sql): Promise<{ environment: LockedEnvironment; now: Date }> {
  const [row] = await tx.$queryRaw<(LockedEnvironment & { now: Date })[]>(Prisma.sql`
    WITH environment AS MATERIALIZED (SELECT * FROM environments WHERE ${isIt} FOR NO KEY UPDATE)
    SELECT id, project_id AS "projectId", name, tier, last_deployment_number AS "lastDeploymentNumber",
           created_at AS "createdAt", deploy_workflow AS "deployWorkflow", gates, automation,
           waiting_deployments AS "waitingDeployments", next_look_at AS "nextLookAt", held_at AS "heldAt",
           hold_reason AS "holdReason", clock_timestamp() AS now
    FROM environment`)
  if (row === undefined) throw new SlipwayError('ENVIRONMENT_NOT_FOUND')
  const { now, ...environment } = row
  return { environment: environment as LockedEnvironment, now }
}
