import { pino } from 'pino'
import { startWorkerApp } from './app.js'
import { readConfig } from './core/config.js'
import { endInOrder } from './core/orderly-end.js'
import { StartupError } from './core/startup-error.js'

// Entry point of `npm run worker`.
try {
  const config = readConfig(process.env)
  const log = pino({ level: config.logLevel })
  const starting = startWorkerApp(config, log)
  endInOrder(starting, log)
  await starting
  log.info('Slipway’s worker is ready')
} catch (error) {
  console.error(error instanceof StartupError ? error.message : error)
  process.exit(1)
}
