import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { pino } from 'pino'
import { type App, jwtSecretFile, startApp } from '../app.js'
import type { Role } from '../core/actor.js'
import { readConfig } from '../core/config.js'
import { keptSecret } from '../core/kept-secret.js'
import { StartupError } from '../core/startup-error.js'
import { signToken } from '../server/token.js'
import { type DemoGitHub, startDemoGitHub } from './demo-github.js'
import { Narrator } from './narrator.js'
import { REPOSITORY, tellStory } from './story.js'

// Entry point of `npm run demo`: a whole Slipway in a temporary folder, used as pipelines and dashboards use it.

const { values } = parseArgs({ options: { pace: { type: 'string', default: '600' } } })
const directory = await mkdtemp(join(tmpdir(), 'slipway-demo-'))
const pace = Number(values.pace)
let app: App | undefined
let github: DemoGitHub | undefined

async function end(exitCode: number): Promise<never> {
  await github?.stop()
  await app?.close()
  await rm(directory, { recursive: true, force: true })
  process.exit(exitCode)
}
process.once('SIGINT', () => end(0))
process.once('SIGTERM', () => end(0))

try {
  const webhookSecret = randomBytes(24).toString('base64url')
  github = await startDemoGitHub({
    repository: REPOSITORY,
    webhookSecret,
    webhookUrl: () => `${app?.url}/webhooks/github`,
    stepMs: pace,
  })
  const config = {
    ...readConfig(process.env),
    dataDir: join(directory, 'data'),
    databaseUrl: undefined,
    jwtSecret: undefined,
    secretsKey: undefined,
    runWorker: true,
    github: { apiUrl: github.url, token: undefined, app: undefined, webhookSecret },
  }
  console.log('Slipway starts on a PostgreSQL of its own, in a temporary folder, beside a GitHub that is played …')
  app = await startApp(config, pino({ level: 'warn' }))
  const secret = await keptSecret(jwtSecretFile(config))
  const tokenOf = (subject: string, role: Role) =>
    signToken(secret, { subject, role, projects: null, expiresInSeconds: 86_400 })
  const token = tokenOf('demo', 'admin')
  const approver = new Narrator(app.url, tokenOf('ann', 'approver'), pace)
  await tellStory(new Narrator(app.url, token, pace), approver, github)
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
