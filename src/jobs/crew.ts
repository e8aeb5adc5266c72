import { EventEmitter } from 'node:events'
import { Socket } from 'node:net'
import { runTaskList, type TaskList, type Worker, type WorkerEvents, type WorkerPool } from 'graphile-worker'
import pg from 'pg'
import type { Logger } from 'pino'
import { connectionSettings, prepareSession } from '../database/connection.js'
import { quietly } from '../database/queue-logger.js'
import type { LivingWorkers } from './living-workers.js'

export interface CrewOptions {
  /** As the log has it. */
  readonly name: string
  readonly databaseUrl: string
  /** What is done about each kind of job, until the signal says to give up. */
  readonly tasks: (signal: AbortSignal) => TaskList
  /** At most this many jobs are under way at once. */
  readonly slots: number
  /** For taking and storing jobs; one more listens for new ones. */
  readonly connections: number
  /** The flags of jobs that are left alone for now. */
  readonly flagsToSkip?: () => string[]
  readonly living: LivingWorkers
  readonly log: Logger
}

/** How a crew is stopped. */
export interface StopOptions {
  /** What waits for an answer from outside is told to give up after this time. */
  readonly abortAfterMs: number
  /** After this time it ends whatever is under way; jobs that were are done again by somebody else. */
  readonly endAfterMs: number
}

interface Slot {
  readonly workerId: string
  state: 'free' | 'asking' | 'working' | 'storing' | 'dead'
  since: number
}

/** A job that is due later is found at most this late. */
const POLL_MS = 1_000
/** How long a slot may wait for a connection. */
const CONNECTION_PATIENCE_MS = 10_000
/** A slot that has waited for the database this long will not get an answer on its connection any more. */
const HUNG_AFTER_MS = 15_000
/** No job takes this long: each call to the outside, and each transaction, has a shorter limit of its own. */
const LONGEST_JOB_MS = 120_000

/**
 * One pool of the job queue's workers, with connections of its own. The queue lets a worker die that cannot store what
 * came of a job, and does not replace it; so a crew tells when it is no longer whole, and is replaced as one.
 */
export class Crew {
  private readonly slots = new Map<string, Slot>()
  private readonly sockets = new Set<Socket>()
  private readonly aborter = new AbortController()
  private readonly pool: pg.Pool
  private readonly workers: WorkerPool
  private readonly events = this.watch()
  private readonly startedAt = performance.now()
  private hasFailed = false
  private ended: Promise<void> | null = null
  /** When the queue last answered a slot that looked for a job, by `performance.now()`; null: it never did. */
  answeredAt: number | null = null

  /** Starts a crew at once. That the database is away is no error: it works as soon as the database is there. */
  constructor(private readonly options: CrewOptions) {
    this.pool = this.openPool()
    this.workers = runTaskList(
      {
        concurrency: options.slots,
        pollInterval: POLL_MS,
        noHandleSignals: true,
        forbiddenFlags: options.flagsToSkip ?? null,
        events: this.events,
        logger: quietly(options.log),
      },
      options.tasks(this.aborter.signal),
      this.pool,
    )
  }

  /** Why it cannot be relied on any more; null while it can. */
  fault(): string | null {
    const now = performance.now()
    for (const { state, since } of this.slots.values()) {
      if (state === 'dead') return 'what came of a job could not be stored'
      const limit = state === 'working' ? LONGEST_JOB_MS : HUNG_AFTER_MS
      if (now - since > limit) return state === 'working' ? 'a job does not end' : 'the queue does not answer'
    }
    // The queue keeps a failure to find out which kinds of jobs there are, and does not try that again.
    if (this.answeredAt === null && this.hasFailed) return 'the queue could not be opened'
    const isSilent = !this.isBusy() && now - (this.answeredAt ?? this.startedAt) > HUNG_AFTER_MS
    return isSilent ? 'no job can be looked for' : null
  }

  /** Whether no slot is free to look for a job. */
  isBusy(): boolean {
    return [...this.slots.values()].every(({ state }) => state === 'working')
  }

  /** Ends all connections, whatever is under way on them. Jobs that are being done make themselves new ones. */
  cut(): void {
    for (const socket of this.sockets) socket.destroy()
  }

  /**
   * Takes no more jobs, lets those under way end, but not for ever, and closes the connections. May be called again with
   * less patience. Never throws.
   */
  async stop({ abortAfterMs, endAfterMs }: StopOptions): Promise<void> {
    const abort = setTimeout(() => this.aborter.abort(), abortAfterMs)
    let patience: NodeJS.Timeout | undefined
    const overdue = new Promise<void>(resolve => {
      patience = setTimeout(resolve, endAfterMs)
    })
    this.ended ??= this.end()
    await Promise.race([this.ended, overdue])
    clearTimeout(abort)
    clearTimeout(patience)
    this.aborter.abort()
    this.events.removeAllListeners()
    this.cut()
    for (const { workerId } of this.slots.values()) this.options.living.remove(workerId)
  }

  private async end(): Promise<void> {
    try {
      await this.workers.gracefulShutdown()
      await this.pool.end()
    } catch (error) {
      this.options.log.warn({ err: error }, 'A crew did not end cleanly')
    }
  }

  private watch(): WorkerEvents {
    const events: WorkerEvents = new EventEmitter()
    events.on('worker:create', ({ worker: { workerId } }) => {
      this.slots.set(workerId, { workerId, state: 'free', since: performance.now() })
      this.options.living.add(workerId)
    })
    events.on('worker:getJob:start', ({ worker }) => this.enter(worker, 'asking'))
    events.on('worker:getJob:error', ({ worker }) => {
      this.hasFailed = true
      this.enter(worker, 'free')
    })
    events.on('worker:getJob:empty', ({ worker }) => this.enter(worker, 'free', true))
    events.on('job:start', ({ worker }) => this.enter(worker, 'working', true))
    events.on('job:success', ({ worker }) => this.enter(worker, 'storing'))
    events.on('job:error', ({ worker }) => this.enter(worker, 'storing'))
    events.on('job:complete', ({ worker }) => this.enter(worker, 'free'))
    events.on('worker:fatalError', ({ worker }) => this.enter(worker, 'dead'))
    events.on('worker:stop', ({ worker }) => {
      this.enter(worker, 'dead')
      this.options.living.remove(worker.workerId)
    })
    return events
  }

  private enter({ workerId }: Worker, state: Slot['state'], hasAnswer = false): void {
    const now = performance.now()
    if (hasAnswer) this.answeredAt = now
    const slot = this.slots.get(workerId)
    if (slot !== undefined) Object.assign(slot, { state, since: now })
  }

  private openPool(): pg.Pool {
    const { databaseUrl, connections, log } = this.options
    const pool = new pg.Pool({
      ...connectionSettings(databaseUrl, 'jobs', 'slipway-worker'),
      max: connections + 1,
      connectionTimeoutMillis: CONNECTION_PATIENCE_MS,
      onConnect: client => prepareSession(client, 'jobs'),
      stream: () => this.openSocket(),
    })
    const note = (error: Error) => log.warn({ err: error }, 'A database connection of the worker was lost')
    pool.on('error', note)
    // The queue does not listen for errors of connections that it uses; without a listener they would end the process.
    pool.on('connect', client => client.on('error', ignore))
    return pool
  }

  /** Connections over which nothing comes any more can only be ended from here. */
  private openSocket(): Socket {
    const socket = new Socket()
    this.sockets.add(socket)
    socket.once('close', () => this.sockets.delete(socket))
    return socket
  }
}

function ignore(): void {}
