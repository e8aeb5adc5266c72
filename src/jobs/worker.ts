import type { TaskList } from 'graphile-worker'
import type { Logger } from 'pino'
import type { StopOptions } from './crew.js'
import { type JobProblems, jobTask } from './job-task.js'
import type { InsideJobs, Jobs, OutsideJobs } from './jobs.js'
import { LivingWorkers } from './living-workers.js'
import { Places } from './places.js'
import { startRounds } from './rounds.js'
import { Supervisor } from './supervisor.js'

type Handlers<Kinds> = {
  readonly [Kind in keyof Kinds]: (payload: Kinds[Kind], signal: AbortSignal) => Promise<void>
}

interface WorkerOptions {
  readonly databaseUrl: string
  /** What is done about each kind of job. May be done twice when a worker dies meanwhile, so doing it again must be safe. */
  readonly handlers: { readonly inside: Handlers<InsideJobs>; readonly outside: Handlers<OutsideJobs> }
  readonly problems: JobProblems
  /** Done about once a minute by every worker, whatever was lost or forgotten. */
  sweep(): Promise<void>
  readonly log: Logger
}

/** A worker that does jobs until it is stopped. */
export interface JobWorker {
  /** Whether jobs that are due have not been looked for lately although they could be. It mends itself. */
  isStalled(): boolean
  /**
   * Lets jobs under way end, but not for ever, and hardly at all when it hurries; what had to be cut off is done again by
   * whoever comes next. May be called again to hurry. Never throws.
   */
  stop(hurries?: boolean): Promise<void>
}

/** Jobs that only need the database: they are short, and more of them at once would stand in line for it. */
const INSIDE_SLOTS = 4
const INSIDE_CONNECTIONS = 4
/** Jobs that wait for an answer from outside most of their time, and need a connection for little of it. */
const OUTSIDE_SLOTS = 20
const OUTSIDE_CONNECTIONS = 3
/** When the worker ends, what waits for an answer from outside is told to give up first; then it is stored. */
const END: StopOptions = { abortAfterMs: 2_500, endAfterMs: 5_000 }
const HURRIED_END: StopOptions = { abortAfterMs: 0, endAfterMs: 500 }
const SWEEP_MS = 60_000
/** A sweep that takes longer does not hold up the next one. */
const SWEEP_LIMIT_MS = 120_000

/**
 * Starts a worker. Any number may work on one database, in the server's process or apart. The database may go away at any
 * time afterwards: the worker goes on by itself.
 *
 * @throws when the database cannot be reached at the start
 */
export async function startWorker(options: WorkerOptions): Promise<JobWorker> {
  const { databaseUrl, handlers, log } = options
  const living = await LivingWorkers.open(databaseUrl, log)
  const places = new Places(OUTSIDE_SLOTS)
  const crews = [
    new Supervisor({
      name: 'inside',
      databaseUrl,
      tasks: signal => tasksOf(handlers.inside, signal, null, options),
      slots: INSIDE_SLOTS,
      connections: INSIDE_CONNECTIONS,
      living,
      log,
    }),
    new Supervisor({
      name: 'outside',
      databaseUrl,
      tasks: signal => tasksOf(handlers.outside, signal, places, options),
      slots: OUTSIDE_SLOTS,
      connections: OUTSIDE_CONNECTIONS,
      flagsToSkip: () => places.full(),
      living,
      log,
    }),
  ]
  const rounds = startRounds(options.sweep, { everyMs: SWEEP_MS, limitMs: SWEEP_LIMIT_MS, log })
  return {
    isStalled: () => crews.some(crew => crew.isStalled()),
    stop: async (hurries = false) => {
      await Promise.all([rounds.stop(), ...crews.map(crew => crew.stop(hurries ? HURRIED_END : END))])
      await living.close()
    },
  }
}

function tasksOf<Kinds extends Partial<Jobs>>(
  handlers: Handlers<Kinds>,
  signal: AbortSignal,
  places: Places | null,
  { problems, log }: WorkerOptions,
): TaskList {
  return Object.fromEntries(
    Object.entries(handlers).map(([kind, handler]) => {
      const handle = handler as (payload: unknown, signal: AbortSignal) => Promise<void>
      return [kind, jobTask(kind as keyof Jobs, { handle, signal, places, problems, log })]
    }),
  )
}
