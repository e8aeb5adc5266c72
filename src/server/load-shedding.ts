import fastifyUnderPressure from '@fastify/under-pressure'
import type { FastifyInstance } from 'fastify'
import { SlipwayError } from '../core/errors.js'

/** While the turns of the event loop take longer than this on average, more requests would only make all of them late. */
const LONGEST_DELAY_MS = 1_000
/** The average is taken anew this often; so long requests are refused at least, and whoever was may come again. */
const SAMPLE_MS = 1_000
const RETRY_AFTER_SECONDS = 2
/** An overload is logged this often at most, not once for each request that it costs. */
const LOG_EVERY_MS = 10_000

/** Has an application refuse requests at once while this process cannot keep up with those that it has. */
export async function shedLoad(app: FastifyInstance): Promise<void> {
  let loggedAt = Number.NEGATIVE_INFINITY
  await app.register(fastifyUnderPressure, {
    maxEventLoopDelay: LONGEST_DELAY_MS,
    sampleInterval: SAMPLE_MS,
    pressureHandler: async ({ log }, _reply, _type, delayMs) => {
      if (performance.now() - loggedAt > LOG_EVERY_MS) {
        loggedAt = performance.now()
        log.warn({ delayMs }, 'More is asked for than this process can do: requests are refused')
      }
      throw new SlipwayError('OVERLOADED', { retryAfter: RETRY_AFTER_SECONDS })
    },
  })
}
