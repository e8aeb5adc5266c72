import { Prisma } from '../database/generated/client.js'
import { enqueuedJobs, type SqlTransaction } from '../database/transaction.js'

/** The kinds of jobs that call nothing outside the database, and what each is told. */
export interface InsideJobs {
  /** Has deployments that wait on an environment started whose gates are open. */
  'admit-waiting': { readonly environmentId: string }
  /** Undoes a deployment that has failed, on an environment that asks for it. */
  'roll-back': { readonly deploymentId: string }
  /** Deploys a candidate to an environment that asks for it. */
  'deploy-automatically': { readonly environmentId: string; readonly candidateId: string }
  /** Takes in an event that a provider has sent. */
  'apply-delivery': { readonly provider: string; readonly deliveryId: string }
}

/** The kinds of jobs that call something outside, and wait for its answer. */
export interface OutsideJobs {
  /** Does what is next about a run of a workflow. */
  'advance-run': { readonly runId: string }
}

/** The kinds of jobs, and what each is told. */
export type Jobs = InsideJobs & OutsideJobs

interface JobOptions {
  /** Of the jobs with one key that have not begun, only the last one that was enqueued is run. */
  readonly key: string
  /** Not before; without it, at once. */
  readonly runAt?: Date
}

interface OutsideJobOptions extends JobOptions {
  /** What is called, such as a host: of the jobs of one place only a few are under way at once. */
  readonly place: string
}

/**
 * A job that has failed this often, other than for want of the database, is given up. The queue waits e^n seconds after
 * the nth failure, so that is after half an hour.
 */
export const MOST_ATTEMPTS = 8

/** A job, whatever its kind. */
export type Job = { readonly [Kind in keyof Jobs]: { readonly kind: Kind; readonly payload: Jobs[Kind] } }[keyof Jobs]

/** What has to be kept of a job to enqueue it again. */
export interface KeptJob {
  readonly kind: keyof Jobs
  readonly payload: Jobs[keyof Jobs]
  readonly key: string | null
  readonly place: string | null
}

/**
 * Enqueues a job together with what the transaction writes: it is run if and only if that is kept. Nothing is locked
 * before the transaction commits.
 */
export async function enqueue<Kind extends keyof Jobs>(
  tx: SqlTransaction,
  kind: Kind,
  payload: Jobs[Kind],
  options: Kind extends keyof OutsideJobs ? OutsideJobOptions : JobOptions,
): Promise<void> {
  const { key, runAt, place }: JobOptions & Partial<OutsideJobOptions> = options
  enqueuedJobs(tx).add(jobSpec(kind, payload, key, runAt ?? null, place ?? null))
}

/** Enqueues a job that was given up. One that has lost its key to a newer job gets a key of its own. */
export function enqueueAgain(tx: SqlTransaction, { kind, payload, key, place }: KeptJob): void {
  enqueuedJobs(tx).add(jobSpec(kind, payload, key ?? `${kind}:${JSON.stringify(payload)}`, null, place))
}

function jobSpec(kind: keyof Jobs, payload: object, key: string, runAt: Date | null, place: string | null) {
  return { kind, payload, key, runAt, maxAttempts: MOST_ATTEMPTS, flags: place === null ? null : [place] }
}

/** Deletes what is left of jobs that failed after they had been superseded: nothing will be done about them. */
export async function deleteSuperseded(tx: SqlTransaction): Promise<void> {
  await tx.$queryRaw(Prisma.sql`
    SELECT FROM graphile_worker.complete_jobs(ARRAY(
      SELECT id FROM graphile_worker.jobs WHERE key IS NULL AND attempts >= max_attempts AND locked_at IS NULL))`)
}

/** The condition that no job with any of these keys, which are SQL expressions, will be or is being done. */
export function haveNoJob(keys: readonly Prisma.Sql[]): Prisma.Sql {
  return Prisma.sql`NOT EXISTS (
    SELECT FROM graphile_worker.jobs
    WHERE key IN (${Prisma.join([...keys])}) AND (attempts < max_attempts OR locked_at IS NOT NULL))`
}
