import type { Logger } from 'pino'

/** Ends the process when it is asked to, after `close`. */
export function endOnSignals(close: () => Promise<void>, log: Logger): void {
  const end = (signal: string) => {
    log.info({ signal }, 'Slipway ends')
    close().then(
      () => process.exit(0),
      error => {
        log.fatal({ err: error }, 'Slipway did not end cleanly')
        process.exit(1)
      },
    )
  }
  process.once('SIGTERM', end)
  process.once('SIGINT', end)
}
