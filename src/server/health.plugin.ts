import type { FastifyInstance } from 'fastify'
import { SlipwayError } from '../core/errors.js'
import type { Database } from '../database/client.js'
import type { JobWorker } from '../jobs/worker.js'

/** So long the database may take to show that it is there. */
const PATIENCE_MS = 2_000

interface HealthOptions {
  readonly database: Database
  /** Null: this process does no jobs. */
  readonly worker: Pick<JobWorker, 'isStalled'> | null
}

/**
 * `GET /healthz` answers while the process lives, `GET /readyz` only while it can reach its database and, where it does
 * jobs, they are being done.
 */
export async function healthPlugin(app: FastifyInstance, { database, worker }: HealthOptions): Promise<void> {
  app.get('/healthz', { schema: { summary: 'Whether the process lives.' } }, async () => ({ status: 'ok' }))

  app.get(
    '/readyz',
    { schema: { summary: 'Whether the database can be reached, and jobs are being done.' } },
    async () => {
      let timer: NodeJS.Timeout | undefined
      const silence = new Promise<never>((_resolve, reject) => {
        timer = setTimeout(() => reject(new SlipwayError('DATABASE_UNAVAILABLE', { retryAfter: 5 })), PATIENCE_MS)
      })
      try {
        await Promise.race([database.$queryRaw`SELECT 1`, silence])
        if (worker?.isStalled()) throw new SlipwayError('JOBS_STALLED', { retryAfter: 5 })
        return { status: 'ready' }
      } finally {
        clearTimeout(timer)
      }
    },
  )
}
