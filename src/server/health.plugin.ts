import type { FastifyInstance } from 'fastify'
import { SlipwayError } from '../core/errors.js'
import type { Database } from '../database/client.js'
import type { JobWorker } from '../jobs/worker.js'

/** How long the database may take to show that it takes changes. */
const PATIENCE_MS = 2_000

interface HealthOptions {
  readonly database: Database
  /** Null: this process does no jobs. */
  readonly worker: Pick<JobWorker, 'isStalled'> | null
}

/**
 * Answers when the database takes changes: a standby does not, nor one that was made read-only. It is asked over a
 * connection that nothing else uses, so that a server which has much to do is not taken for one that cannot work.
 *
 * @throws SlipwayError `DATABASE_UNAVAILABLE`
 */
async function requireWritable({ pool, queryPool, probe }: Database): Promise<void> {
  const { rows } = await probe.query<{ isReadOnly: boolean }>(
    `SELECT current_setting('transaction_read_only')::boolean AS "isReadOnly"`,
  )
  if (rows[0]?.isReadOnly === false) return
  // Sessions that began meanwhile would stay read-only when the database is not any more.
  for (const renewed of [pool, queryPool, probe]) renewed.renew()
  throw new SlipwayError('DATABASE_UNAVAILABLE', { message: 'The database is read-only', retryAfter: 5 })
}

/**
 * `GET /healthz` answers while the process lives, `GET /readyz` only while its database takes changes and, where it does
 * jobs, they are being done.
 */
export async function healthPlugin(app: FastifyInstance, { database, worker }: HealthOptions): Promise<void> {
  // However many ask at once, one of them finds out for all.
  let asking: Promise<void> | undefined
  const askOnce = () => {
    asking ??= requireWritable(database).finally(() => {
      asking = undefined
    })
    return asking
  }

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
        await Promise.race([askOnce(), silence])
        if (worker?.isStalled()) throw new SlipwayError('JOBS_STALLED', { retryAfter: 5 })
        return { status: 'ready' }
      } finally {
        clearTimeout(timer)
      }
    },
  )
}
