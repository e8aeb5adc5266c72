import type { Logger } from 'pino'

/** What is to be ended before the process. */
export interface Endable {
  /** Lets what is under way end, but not for ever. */
  close(): Promise<void>
  /** Has a `close` under way cut off what it waits for; what must be stored, still is. */
  hurry(): void
}

/** After this time the process ends, whatever is left to do. */
const LONGEST_END_MS = 9_500
/** A Ctrl-C reaches a process that npm has started twice, from the terminal and from npm: that is one signal. */
const ONE_SIGNAL_MS = 1_000

/**
 * Ends the process in order when it is asked to (SIGTERM, SIGINT, SIGHUP), with 0, and when an error was handled by nothing,
 * with 1. A second signal has it hurry; none cuts off the database. Something that is still being started is ended when it
 * has started.
 */
export function endInOrder(starting: Promise<Endable>, log: Logger): void {
  let endingSince: number | null = null
  let exitCode = 0

  const end = () => {
    endingSince = performance.now()
    setTimeout(() => {
      log.fatal('Slipway did not end in time, and leaves behind what is left to do')
      process.exit(1)
    }, LONGEST_END_MS).unref()
    starting
      .then(app => app.close())
      .catch((error: unknown) => {
        exitCode = 1
        log.fatal({ err: error }, 'Slipway did not end cleanly')
      })
      .finally(() => process.exit(exitCode))
  }
  const onSignal = (signal: string) => {
    if (endingSince === null) {
      log.info({ signal }, 'Slipway ends')
      end()
    } else if (performance.now() - endingSince > ONE_SIGNAL_MS) {
      log.warn({ signal }, 'Slipway ends at once')
      void starting.then(app => app.hurry())
    }
  }
  const onError = (error: unknown) => {
    exitCode = 1
    log.fatal({ err: error }, 'An error was handled by nothing: Slipway ends')
    if (endingSince === null) end()
  }
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, onSignal)
  process.on('uncaughtException', onError)
  process.on('unhandledRejection', onError)
}
