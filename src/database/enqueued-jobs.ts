import { Prisma } from './generated/client.js'
import type { SqlReader } from './transaction.js'

/** A job as the queue takes it. */
export interface JobSpec {
  readonly kind: string
  readonly payload: unknown
  /** Of the jobs with one key that have not begun, only the last one is run. */
  readonly key: string
  /** Null: at once. */
  readonly runAt: Date | null
  readonly maxAttempts: number
  readonly flags: readonly string[] | null
}

/**
 * The jobs that a transaction enqueues. They are kept here until right before it commits, and then stored with one
 * statement, in the order of their keys. The queue locks the row of each key until the transaction ends; so those locks
 * are taken after all others and in one order, and no two transactions can wait for each other because of them, however
 * and whenever their code enqueues.
 */
export class EnqueuedJobs {
  private readonly specs = new Map<string, JobSpec>()
  private isStored = false

  /** @throws Error when the transaction is over: the job would be lost */
  add(spec: JobSpec): void {
    if (this.isStored) throw new Error(`The job ${spec.key} was enqueued after its transaction`)
    this.specs.set(spec.key, spec)
  }

  /** Stores them. Nothing may be enqueued afterwards. */
  async store(reader: SqlReader): Promise<void> {
    this.isStored = true
    if (this.specs.size === 0) return
    // `add_jobs` takes many, but locks them in whatever order they are joined.
    await reader.$queryRaw(Prisma.sql`
      SELECT count(graphile_worker.add_job(
        spec.kind, payload => spec.payload, job_key => spec.key, run_at => spec."runAt",
        max_attempts => spec."maxAttempts", flags => spec.flags))
      FROM (
        SELECT * FROM json_to_recordset(${JSON.stringify([...this.specs.values()])}::json) AS spec (
          kind text, payload json, key text, "runAt" timestamptz, "maxAttempts" int, flags text[])
        ORDER BY key COLLATE "C"
      ) AS spec`)
  }
}
