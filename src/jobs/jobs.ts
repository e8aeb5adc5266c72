import { Prisma } from '../database/generated/client.js'
import type { SqlTransaction } from '../database/transaction.js'

/** The kinds of jobs, and what each is told. */
export interface Jobs {
  /** Does what is next about a run of a workflow. */
  'advance-run': { readonly runId: string }
  /** Has deployments that wait on an environment started whose gates are open. */
  'admit-waiting': { readonly environmentId: string }
  /** Undoes a deployment that has failed, on an environment that asks for it. */
  'roll-back': { readonly deploymentId: string }
  /** Deploys a candidate to an environment that asks for it. */
  'deploy-automatically': { readonly environmentId: string; readonly candidateId: string }
  /** Takes in an event that a provider has sent. */
  'apply-delivery': { readonly provider: string; readonly deliveryId: string }
}

interface JobOptions {
  /** Of the jobs with one key that have not begun, only the last one that was enqueued is run. */
  readonly key: string
  /** Not before; without it, at once. */
  readonly runAt?: Date
}

/** Enqueues a job together with what the transaction writes: it is run if and only if that is kept. */
export async function enqueue<Kind extends keyof Jobs>(
  tx: SqlTransaction,
  kind: Kind,
  payload: Jobs[Kind],
  { key, runAt }: JobOptions,
): Promise<void> {
  const json = JSON.stringify(payload)
  await tx.$queryRaw(Prisma.sql`
    SELECT 1 FROM graphile_worker.add_job(${kind}, payload => ${json}::json, job_key => ${key},
                                          run_at => ${runAt ?? null}::timestamptz)`)
}
