import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { pino } from 'pino'
import { type App, jwtSecretFile, startApp } from '../app.js'
import { readConfig } from '../core/config.js'
import { keptSecret } from '../core/kept-secret.js'
import { StartupError } from '../core/startup-error.js'
import { signToken } from '../server/token.js'
import { createDemoRepository } from './demo-repository.js'
import { Narrator } from './narrator.js'
import { tellStory } from './story.js'

// Entry point of `npm run demo`: a whole Slipway in a temporary folder, used as pipelines and dashboards use it.

const { values } = parseArgs({ options: { pace: { type: 'string', default: '600' } } })
const directory = await mkdtemp(join(tmpdir(), 'slipway-demo-'))
let app: App | undefined

async function end(exitCode: number): Promise<never> {
  await app?.close()
  await rm(directory, { recursive: true, force: true })
  process.exit(exitCode)
}
process.once('SIGINT', () => end(0))
process.once('SIGTERM', () => end(0))

try {
  const config = {
    ...readConfig(process.env),
    dataDir: join(directory, 'data'),
    databaseUrl: undefined,
    jwtSecret: undefined,
    allowFileRepositories: true,
  }
  console.log('Slipway starts on a PostgreSQL of its own, in a temporary folder …')
  app = await startApp(config, pino({ level: 'warn' }))
  const secret = await keptSecret(jwtSecretFile(config))
  const token = signToken(secret, { subject: 'demo', role: 'admin', projects: null, expiresInSeconds: 86_400 })
  const repository = join(directory, 'shop')
  await mkdir(repository)
  await tellStory(new Narrator(app.url, token, Number(values.pace)), await createDemoRepository(repository))
  console.log(`
Now it is your turn. Slipway keeps serving until you press Ctrl-C; then the demo's data is removed.

  GraphiQL   ${app.url}/graphiql
  REST API   ${app.url}/openapi.json
  Token, for a day, as administrator (in GraphiQL it goes under "Headers"):

${token}
`)
} catch (error) {
  console.error(error instanceof StartupError ? error.message : error)
  await end(1)
}
