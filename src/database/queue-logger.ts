import { Logger as QueueLogger } from 'graphile-worker'
import type { Logger } from 'pino'

/** Has the job queue write to the server's log. What it finds worth a line, job by job, is for those who debug. */
export function quietly(log: Logger): QueueLogger {
  return new QueueLogger(() => (level, message, meta) => {
    const { error } = (meta ?? {}) as { error?: unknown }
    if (level === 'error') log.error({ err: error }, message)
    else if (level === 'warning') log.warn(message)
    else log.trace(message)
  })
}
