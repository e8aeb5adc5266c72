import type { Logger } from 'pino'

/** Work that is done again and again while the process lives. */
export interface Rounds {
  /** Begins no more rounds. One under way is waited for, but not for ever. */
  stop(): Promise<void>
}

/** How long the end waits for a round under way. */
const END_PATIENCE_MS = 3_000
/** Waits vary by a tenth in both directions, so that processes that start together do not go on together. */
const JITTER = 0.1

/**
 * Does something every now and then. A round that fails is no reason not to begin the next one in time, and one that does
 * not end within `limitMs` is not waited for.
 */
export function startRounds(
  work: () => Promise<void>,
  { everyMs, limitMs, log }: { everyMs: number; limitMs: number; log: Logger },
): Rounds {
  let timer: NodeJS.Timeout | undefined
  let isStopped = false
  let current: Promise<unknown> = Promise.resolve()
  const next = () => {
    if (isStopped) return
    timer = setTimeout(round, everyMs * (1 - JITTER + 2 * JITTER * Math.random()))
  }
  const round = () => {
    const working = work().catch((error: unknown) => log.warn({ err: error }, 'A round of housekeeping failed'))
    current = within(working, limitMs)
    void current.then(next)
  }
  next()
  return {
    stop: async () => {
      isStopped = true
      clearTimeout(timer)
      await within(current, END_PATIENCE_MS)
    },
  }
}

/** Waits for something, but not longer than this. */
async function within(work: Promise<unknown>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<void>(resolve => {
    timer = setTimeout(resolve, ms)
  })
  await Promise.race([work, limit])
  clearTimeout(timer)
}
