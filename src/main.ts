import { pino } from 'pino'
import { startApp } from './app.js'
import { readConfig } from './core/config.js'
import { StartupError } from './core/startup-error.js'

// Entry point of `npm start`.
try {
  const config = readConfig(process.env)
  const log = pino({ level: config.logLevel, redact: ['req.headers.authorization'] })
  const app = await startApp(config, log)
  const end = (signal: string) => {
    log.info({ signal }, 'Slipway ends')
    app.close().then(
      () => process.exit(0),
      error => {
        log.fatal({ err: error }, 'Slipway did not end cleanly')
        process.exit(1)
      },
    )
  }
  process.once('SIGTERM', end)
  process.once('SIGINT', end)
  log.info(
    {
      url: app.url,
      graphiql: `${app.url}/graphiql`,
      token: 'npm run --silent token -- --subject me --role admin',
    },
    'Slipway is ready',
  )
} catch (error) {
  console.error(error instanceof StartupError ? error.message : error)
  process.exit(1)
}
