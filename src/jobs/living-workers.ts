import pg from 'pg'
import type { Logger } from 'pino'

/** Names the advisory locks that living workers hold. Any number that nothing else in the database uses. */
const LIFE_LOCK = 7_547_930
/** So often it is looked for workers that have died, and tried to connect again. */
const INTERVAL_MS = 2_000
const EARLY_MS = 300

/**
 * Tells the workers that live from those that have died. The queue leaves a dead worker's jobs locked for hours, since it
 * cannot know. Here each worker holds an advisory lock of its own as long as its connection lasts, which ends with the
 * process however that ends: who can take a worker's lock knows that it is dead, and sets its jobs free.
 */
export class LivingWorkers {
  private readonly own = new Set<string>()
  private client: pg.Client | null = null
  private timer: NodeJS.Timeout | undefined
  private early: NodeJS.Timeout | undefined
  private working: Promise<void> = Promise.resolve()

  private constructor(
    private readonly databaseUrl: string,
    private readonly log: Logger,
  ) {}

  static async open(databaseUrl: string, log: Logger): Promise<LivingWorkers> {
    const living = new LivingWorkers(databaseUrl, log)
    await living.connect()
    living.timer = setInterval(() => living.lookAroundNext(), INTERVAL_MS)
    // The database may need a moment to notice that the process before this one was killed.
    living.early = setTimeout(() => living.lookAroundNext(), EARLY_MS)
    return living
  }

  /** Shows that a worker of this process lives. */
  add(workerId: string): void {
    this.own.add(workerId)
    const { client } = this
    if (client !== null) this.working = this.working.then(() => this.hold(client, workerId))
  }

  /** Sets the jobs free that dead workers hold. */
  async releaseJobsOfDead(): Promise<void> {
    const { client } = this
    if (client === null) return
    const { rows } = await client.query<{ id: string }>(
      'SELECT DISTINCT locked_by AS id FROM graphile_worker.jobs WHERE locked_by IS NOT NULL',
    )
    for (const { id } of rows.filter(row => !this.own.has(row.id))) {
      const { rows: answers } = await client.query<{ dead: boolean }>(
        'SELECT pg_try_advisory_lock($1, hashtext($2)) AS dead',
        [LIFE_LOCK, id],
      )
      if (!answers[0]?.dead) continue
      await client.query('SELECT graphile_worker.force_unlock_workers($1::text[])', [[id]])
      await client.query('SELECT pg_advisory_unlock($1, hashtext($2))', [LIFE_LOCK, id])
      this.log.warn({ worker: id }, 'A worker has died; what it had begun is done again')
    }
  }

  async close(): Promise<void> {
    clearInterval(this.timer)
    clearTimeout(this.early)
    await this.working
    await this.client?.end()
  }

  private lookAroundNext(): void {
    this.working = this.working.then(() => this.lookAround())
  }

  private async lookAround(): Promise<void> {
    try {
      if (this.client === null) await this.connect()
      await this.releaseJobsOfDead()
    } catch (error) {
      this.log.warn({ err: error }, 'It cannot be looked for workers that have died')
    }
  }

  private async connect(): Promise<void> {
    const client = new pg.Client({ connectionString: this.databaseUrl, application_name: 'slipway-life' })
    client.on('error', () => {
      this.client = null
    })
    client.on('end', () => {
      this.client = null
    })
    await client.connect()
    for (const workerId of this.own) await this.hold(client, workerId)
    this.client = client
  }

  private async hold(client: pg.Client, workerId: string): Promise<void> {
    await client
      .query('SELECT pg_advisory_lock($1, hashtext($2))', [LIFE_LOCK, workerId])
      .catch(error => this.log.warn({ err: error }, 'A worker cannot show that it lives'))
  }
}
