import { pino } from 'pino'
import { startApp } from './app.js'
import { readConfig } from './core/config.js'
import { endInOrder } from './core/orderly-end.js'
import { StartupError } from './core/startup-error.js'

// Entry point of `npm start`.
try {
  const config = readConfig(process.env)
  const log = pino({ level: config.logLevel, redact: ['req.headers.authorization'] })
  const starting = startApp(config, log)
  endInOrder(starting, log)
  const app = await starting
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
