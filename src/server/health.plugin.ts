import type { FastifyInstance } from 'fastify'
import { SlipwayError } from '../core/errors.js'
import type { Database } from '../database/client.js'
import { Prisma } from '../database/generated/client.js'
import { sqlReader } from '../database/transaction.js'
import type { JobWorker } from '../jobs/worker.js'

/** So long the database may take to show that it is there. */
const PATIENCE_MS = 2_000

interface HealthOptions {
  readonly database: Database
  /** Null: this process does no jobs. */
  readonly worker: Pick<JobWorker, 'isStalled'> | null
}

/** What must be done needs a database that takes changes: a standby does not, nor one that was made read-only. */
async function requireWritable(database: Database): Promise<void> {
  const [row] = await sqlReader(database).$queryRaw<[{ isReadOnly: boolean }]>(
    Prisma.sql`SELECT current_setting('transaction_read_only')::boolean AS "isReadOnly"`,
  )
  if (!row.isReadOnly) return
  // Sessions that began meanwhile would stay so.
  database.pool.renew()
  throw new SlipwayError('DATABASE_UNAVAILABLE', { message: 'The database is read-only', retryAfter: 5 })
}

/**
 * `GET /healthz` answers while the process lives, `GET /readyz` only while its database takes changes and, where it does
 * jobs, they are being done.
 */
export async function healthPlugin(app: FastifyInstance, { database, worker }: HealthOptions): Promise<void> {
  app.get('/healthz', { schema: { summary: 'Whether the process lives.' } }, async () => ({ status: 'ok' }))

  app.get(
    '/readyz',
    { schema: { summary: 'Whether the database takes changes, and jobs are being done.' } },
    async () => {
      let timer: NodeJS.Timeout | undefined
      const silence = new Promise<never>((_resolve, reject) => {
        timer = setTimeout(() => reject(new SlipwayError('DATABASE_UNAVAILABLE', { retryAfter: 5 })), PATIENCE_MS)
      })
      try {
        await Promise.race([requireWritable(database), silence])
        if (worker?.isStalled()) throw new SlipwayError('JOBS_STALLED', { retryAfter: 5 })
        return { status: 'ready' }
      } finally {
        clearTimeout(timer)
      }
    },
  )
}
