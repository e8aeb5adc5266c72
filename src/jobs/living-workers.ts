import pg from 'pg'
import type { Logger } from 'pino'
import { connectionSettings, prepareSession } from '../database/connection.js'
import { MOST_ATTEMPTS } from './jobs.js'

/** Tells the advisory locks of living workers from all others. Any number that nothing else in the database uses. */
const LIFE_LOCK = 7_547_930
/** It is looked this often for workers that have died, and tried to connect again. */
const INTERVAL_MS = 1_000
/** After the connection was lost, others may have lost theirs: they get this long to show again that they live. */
const GRACE_MS = 5_000
/** A database that has not answered after this time is taken for lost. */
const PATIENCE_MS = 5_000

/**
 * Tells the workers that live from those that have died. The queue leaves a dead worker's jobs locked for hours, since it
 * cannot know. Here each worker holds an advisory lock of its own as long as its connection lasts, which ends with the
 * process however that ends: who can take a worker's lock knows that it is dead, and sets its jobs free.
 */
export class LivingWorkers {
  /** Workers of this process, and those of them that have died, whose jobs are still to be set free. */
  private readonly own = new Set<string>()
  private readonly dead = new Set<string>()
  private readonly held = new Set<string>()
  private client: pg.Client | null = null
  private patientUntil = 0
  private timer: NodeJS.Timeout | undefined
  private looking: Promise<void> | null = null
  private isAgain = false
  private isClosed = false

  private constructor(
    private readonly databaseUrl: string,
    private readonly log: Logger,
  ) {}

  /** @throws when the database cannot be reached */
  static async open(databaseUrl: string, log: Logger): Promise<LivingWorkers> {
    const living = new LivingWorkers(databaseUrl, log)
    await living.releaseJobsOfDead(await living.connect())
    living.timer = setInterval(() => living.lookAround(), INTERVAL_MS)
    return living
  }

  /** Shows that a worker of this process lives. */
  add(workerId: string): void {
    this.own.add(workerId)
    this.lookAround()
  }

  /** Says that a worker of this process does nothing any more. Somebody else does what it had begun. */
  remove(workerId: string): void {
    if (!this.own.delete(workerId)) return
    this.dead.add(workerId)
    this.lookAround()
  }

  /** Never throws. */
  async close(): Promise<void> {
    this.isClosed = true
    clearInterval(this.timer)
    await this.looking
    await this.client?.end().catch(() => undefined)
  }

  /** One look at a time; whatever is asked for meanwhile takes one more. */
  private lookAround(): void {
    if (this.looking !== null || this.isClosed) {
      this.isAgain = true
      return
    }
    this.isAgain = false
    this.looking = this.look().finally(() => {
      this.looking = null
      if (this.isAgain) this.lookAround()
    })
  }

  private async look(): Promise<void> {
    try {
      const client = this.client ?? (await this.connect())
      await this.releaseJobsOfDead(client)
    } catch (error) {
      this.log.warn({ err: error }, 'It cannot be looked for workers that have died')
      this.forget()
    }
  }

  private async connect(): Promise<pg.Client> {
    const client = new pg.Client({
      ...connectionSettings(this.databaseUrl, 'life', 'slipway-life'),
      connectionTimeoutMillis: PATIENCE_MS,
      query_timeout: PATIENCE_MS,
    })
    client.on('error', () => this.forget(client))
    client.on('end', () => this.forget(client))
    await client.connect()
    await prepareSession(client, 'life')
    this.client = client
    return client
  }

  /** The locks go with their connection. */
  private forget(client = this.client): void {
    if (client === null || client !== this.client) return
    this.client = null
    this.held.clear()
    this.patientUntil = performance.now() + GRACE_MS
    void client.end().catch(() => undefined)
  }

  private async releaseJobsOfDead(client: pg.Client): Promise<void> {
    for (const id of this.own) if (!this.held.has(id) && (await this.tryLock(client, id))) this.held.add(id)
    for (const id of this.dead) {
      if (this.held.delete(id)) await this.unlock(client, id)
      await this.release(client, id)
      this.dead.delete(id)
    }
    if (performance.now() < this.patientUntil) return
    const { rows } = await client.query<{ id: string }>(
      'SELECT DISTINCT locked_by AS id FROM graphile_worker.jobs WHERE locked_by IS NOT NULL',
    )
    for (const { id } of rows) {
      if (this.own.has(id) || !(await this.tryLock(client, id))) continue
      await this.release(client, id)
      await this.unlock(client, id)
      this.log.warn({ worker: id }, 'A worker has died; what it had begun is done again')
    }
  }

  /**
   * A death is no failure of the job: one that was on its last attempt gets another. What was superseded while it was
   * under way has lost its key and is not done again.
   */
  private async release(client: pg.Client, workerId: string): Promise<void> {
    const { rows } = await client.query<{ id: string; key: string | null }>(
      'SELECT id, key FROM graphile_worker.jobs WHERE locked_by = $1 AND attempts >= max_attempts',
      [workerId],
    )
    await client.query('SELECT graphile_worker.force_unlock_workers($1::text[])', [[workerId]])
    const idsOf = (isSuperseded: boolean) =>
      rows.filter(({ key }) => (key === null) === isSuperseded).map(({ id }) => id)
    await client.query('SELECT graphile_worker.complete_jobs($1::bigint[])', [idsOf(true)])
    await client.query('SELECT graphile_worker.reschedule_jobs($1::bigint[], attempts => $2)', [
      idsOf(false),
      MOST_ATTEMPTS - 1,
    ])
  }

  private async tryLock(client: pg.Client, workerId: string): Promise<boolean> {
    const { rows } = await client.query<{ isLocked: boolean }>(
      'SELECT pg_try_advisory_lock(hashtextextended($1, $2)) AS "isLocked"',
      [workerId, LIFE_LOCK],
    )
    return rows[0]?.isLocked === true
  }

  private async unlock(client: pg.Client, workerId: string): Promise<void> {
    await client.query('SELECT pg_advisory_unlock(hashtextextended($1, $2))', [workerId, LIFE_LOCK])
  }
}
