import { EventEmitter } from 'node:events'
import { parseCronItem, run, type TaskList, type WorkerEvents } from 'graphile-worker'
import pg from 'pg'
import type { Logger } from 'pino'
import { quietly } from '../database/queue-logger.js'
import type { Jobs } from './jobs.js'
import { LivingWorkers } from './living-workers.js'

/** What is done about each kind of job. May be done twice when a worker dies meanwhile, so doing it again must be safe. */
type JobHandlers = {
  readonly [Kind in keyof Jobs]: (payload: Jobs[Kind], signal: AbortSignal) => Promise<void>
}

interface WorkerOptions {
  readonly databaseUrl: string
  readonly handlers: JobHandlers
  /** Done once a minute by one worker, whatever was lost or forgotten. */
  sweep(): Promise<void>
  readonly log: Logger
}

/** A worker that does jobs until it is stopped. */
export interface JobWorker {
  /** Lets jobs under way end, but not for ever; what had to be cut off is done again by whoever comes next. */
  stop(): Promise<void>
}

/** So many jobs are under way at once; most of their time they wait for an answer from outside. */
const CONCURRENCY = 10
/** One more than there can be jobs listens for new ones. */
const CONNECTIONS = CONCURRENCY + 1
/** A job that is due later is found at most so late. */
const POLL_MS = 1_000
/** When the worker ends, what waits for an answer from outside is told to give up after so long. */
const ABORT_AFTER_MS = 2_500

/** Starts a worker. Any number may work on one database, in the server's process or apart. */
export async function startWorker({ databaseUrl, handlers, sweep, log }: WorkerOptions): Promise<JobWorker> {
  const events: WorkerEvents = new EventEmitter()
  const living = await LivingWorkers.open(databaseUrl, log)
  events.on('worker:create', ({ worker }) => living.add(worker.workerId))
  const pool = new pg.Pool({ connectionString: databaseUrl, max: CONNECTIONS, application_name: 'slipway-worker' })
  pool.on('error', error => log.warn({ err: error }, 'An idle database connection of the worker was lost'))
  try {
    await living.releaseJobsOfDead()
    const runner = await run({
      pgPool: pool,
      taskList: { ...tasksOf(handlers), sweep },
      parsedCronItems: [SWEEP],
      concurrency: CONCURRENCY,
      pollInterval: POLL_MS,
      noHandleSignals: true,
      gracefulShutdownAbortTimeout: ABORT_AFTER_MS,
      events,
      logger: quietly(log),
    })
    return {
      stop: async () => {
        await runner.stop()
        await living.close()
        await pool.end()
      },
    }
  } catch (error) {
    await living.close()
    await pool.end()
    throw error
  }
}

/** Every minute; what was missed while nobody worked need not be made up for. */
const SWEEP = parseCronItem({ task: 'sweep', match: '* * * * *', options: { backfillPeriod: 0, maxAttempts: 1 } })

function tasksOf(handlers: JobHandlers): TaskList {
  return Object.fromEntries(
    Object.entries(handlers).map(([kind, handle]) => [
      kind,
      (payload: unknown, { abortSignal }: { abortSignal?: AbortSignal | undefined }) =>
        (handle as (payload: unknown, signal: AbortSignal) => Promise<void>)(
          payload,
          abortSignal ?? new AbortController().signal,
        ),
    ]),
  )
}
