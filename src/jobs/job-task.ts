import type { JobHelpers, Job as QueuedJob, Task } from 'graphile-worker'
import type { Logger } from 'pino'
import { SlipwayError } from '../core/errors.js'
import { isDatabaseUnavailable } from '../database/faults.js'
import { type Job, type Jobs, type KeptJob, MOST_ATTEMPTS } from './jobs.js'
import type { Places } from './places.js'

/** Where people learn of jobs that could not be done. */
export interface JobProblems {
  /** Tells that a job is given up. `refusal` is the rule that refused it; null: it failed again and again. */
  record(job: Job & KeptJob, refusal: SlipwayError | null): Promise<void>
  /** Tells that a job was done: what was told of it before is over. */
  clear(job: Job): Promise<void>
}

interface TaskOptions {
  handle(payload: unknown, signal: AbortSignal): Promise<void>
  readonly signal: AbortSignal
  /** For jobs that call something outside. */
  readonly places: Places | null
  readonly problems: JobProblems
  readonly log: Logger
}

/** A job whose place is full waits this long, more or less. While the place is full, it is not even looked at. */
const FULL_MS = 500
/** A job that the database was away for is tried again after this time, more or less, for ever. */
const AWAY_MS = 2_000

/**
 * Does jobs of one kind. A job that is refused by a rule is over, since the rule will not change its mind; so is one that
 * has failed too often. Either is told. What passes by itself, such as a database that is away, is no failure of the job.
 */
export function jobTask(kind: keyof Jobs, { handle, signal, places, problems, log }: TaskOptions): Task {
  return async (payload, helpers) => {
    const job = { kind, payload } as Job
    const place = placeOf(helpers.job) ?? ''
    if (places !== null && !places.enter(place)) return putBack(helpers, FULL_MS)
    try {
      await handle(payload, signal)
    } catch (error) {
      if (isPassing(error)) {
        log.warn({ err: error, job: kind, payload }, 'A job is put off until what it needs is there again')
        return await putBack(helpers, AWAY_MS)
      }
      const refusal = error instanceof SlipwayError && error.status < 500 ? error : null
      if (refusal === null && helpers.job.attempts < helpers.job.max_attempts) throw error
      log.error({ err: error, job: kind, payload }, 'A job is given up')
      return await problems.record({ ...job, key: helpers.job.key, place: placeOf(helpers.job) }, refusal)
    } finally {
      places?.leave(place)
    }
    await problems.clear(job)
  }
}

/** A database that is too slow for a job may always be. */
function isPassing(error: unknown): boolean {
  return isDatabaseUnavailable(error) || (error instanceof SlipwayError && error.code === 'UNAVAILABLE')
}

function placeOf({ flags }: QueuedJob): string | null {
  return Object.keys(flags ?? {})[0] ?? null
}

/** Enqueues the job once more, as if it had not been taken; unless it was enqueued anew meanwhile. */
async function putBack({ job, addJob }: JobHelpers, ms: number): Promise<void> {
  await addJob(job.task_identifier, job.payload, {
    ...(job.key !== null && { jobKey: job.key, jobKeyMode: 'preserve_run_at' }),
    runAt: new Date(Date.now() + ms * (0.5 + Math.random())),
    flags: Object.keys(job.flags ?? {}),
    maxAttempts: MOST_ATTEMPTS,
  })
}
