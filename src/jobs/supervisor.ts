import pg from 'pg'
import type { Logger } from 'pino'
import { connectionSettings } from '../database/connection.js'
import { Crew, type CrewOptions, type StopOptions } from './crew.js'

/** It is looked this often whether the crew is whole. */
const WATCH_MS = 500
const FIRST_WAIT_MS = 200
const LONGEST_WAIT_MS = 5_000
/** A crew that has worked this long has recovered: the next one is not held back. */
const SOUND_AFTER_MS = 60_000
/** A database that takes longer to be reached is taken for away. */
const PROBE_MS = 5_000
/** What a replaced crew has under way may end; that is about as long as a call to the outside takes. */
const REPLACED: StopOptions = { abortAfterMs: 20_000, endAfterMs: 30_000 }
/** After this time without anybody looking for jobs, jobs are not being done. */
const STALLED_AFTER_MS = 15_000

/**
 * Keeps a crew at work: one that is not whole any more is replaced as soon as the database can be reached and written to,
 * for ever, after a wait that grows with every one that did not last. At most one replaced crew still has jobs under way.
 */
export class Supervisor {
  private crew: Crew
  private startedAt = performance.now()
  private soundAt = performance.now()
  private tries = 0
  private isReplacing = false
  private replaced: Crew | null = null
  private isStopping = false
  private wake: () => void = () => undefined
  private readonly timer: NodeJS.Timeout
  private readonly log: Logger

  constructor(private readonly options: CrewOptions) {
    this.log = options.log.child({ crew: options.name })
    this.crew = new Crew(options)
    this.timer = setInterval(() => this.watch(), WATCH_MS)
  }

  /** Whether jobs that are due have not been looked for lately although they could be. */
  isStalled(): boolean {
    return performance.now() - this.soundAt > STALLED_AFTER_MS
  }

  /** Ends the crew, and the one that it has replaced. Never throws. */
  async stop(options: StopOptions): Promise<void> {
    this.isStopping = true
    clearInterval(this.timer)
    this.wake()
    await Promise.all([this.crew.stop(options), this.replaced?.stop(options)])
  }

  private watch(): void {
    if (this.isReplacing) return
    if (this.crew.isBusy()) this.soundAt = performance.now()
    else if (this.crew.answeredAt !== null) this.soundAt = Math.max(this.soundAt, this.crew.answeredAt)
    const fault = this.crew.fault()
    if (fault === null) return
    this.isReplacing = true
    void this.replace(fault).finally(() => {
      this.isReplacing = false
    })
  }

  /** Never throws. */
  private async replace(fault: string): Promise<void> {
    this.log.error({ fault }, 'The worker lost its hold on the queue and is started anew')
    if (performance.now() - this.startedAt > SOUND_AFTER_MS) this.tries = 0
    await this.replaced?.stop(REPLACED)
    this.replaced = this.crew
    this.crew.cut()
    void this.crew.stop(REPLACED)
    do {
      const waitMs = Math.min(FIRST_WAIT_MS * 2 ** this.tries, LONGEST_WAIT_MS)
      this.tries += 1
      await this.wait(waitMs * (0.5 + Math.random() / 2))
      if (this.isStopping) return
    } while (!(await isWritable(this.options.databaseUrl)))
    if (this.isStopping) return
    this.crew = new Crew(this.options)
    this.startedAt = performance.now()
    this.log.info('The worker is at work again')
  }

  private wait(ms: number): Promise<void> {
    return new Promise(resolve => {
      const timer = setTimeout(resolve, ms)
      this.wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}

/** Whether the database can be reached and takes changes. */
async function isWritable(databaseUrl: string): Promise<boolean> {
  const client = new pg.Client({
    ...connectionSettings(databaseUrl, 'life', 'slipway-worker'),
    connectionTimeoutMillis: PROBE_MS,
    query_timeout: PROBE_MS,
  })
  // A connection that is lost is told by the query, too.
  client.on('error', () => undefined)
  try {
    await client.connect()
    const { rows } = await client.query<{ transaction_read_only: string }>('SHOW transaction_read_only')
    return rows[0]?.transaction_read_only === 'off'
  } catch {
    return false
  } finally {
    void client.end().catch(() => undefined)
  }
}
