import { parseArgs } from 'node:util'
import { jwtSecretFile } from './app.js'
import { ROLES, type Role } from './core/actor.js'
import { readConfig } from './core/config.js'
import { keptSecret } from './core/kept-secret.js'
import { StartupError } from './core/startup-error.js'
import { isLonger, LONGEST_SUBJECT } from './core/text.js'
import { signToken } from './server/token.js'

// Entry point of `npm run token`: prints one token and nothing else.

const USAGE =
  'Usage: npm run --silent token -- --subject <who> --role <viewer|deployer|approver|admin> ' +
  '[--project <name>]… [--expires <number><m|h|d>]'
const SECONDS = { m: 60, h: 3_600, d: 86_400 }

try {
  const { subject, role, project, expires } = readArguments()
  const config = readConfig(process.env)
  const secret = config.jwtSecret ?? (await keptSecret(jwtSecretFile(config)))
  console.log(signToken(secret, { subject, role, projects: project ?? null, expiresInSeconds: expires }))
} catch (error) {
  console.error(error instanceof StartupError ? error.message : error)
  process.exit(1)
}

function readArguments(): { subject: string; role: Role; project: string[] | undefined; expires: number } {
  const { subject, role, project, expires } = parse()
  const known = ROLES.find(name => name === role)
  if (!subject) throw new StartupError(`--subject is missing\n${USAGE}`)
  if (isLonger(subject, LONGEST_SUBJECT))
    throw new StartupError(`--subject is longer than ${LONGEST_SUBJECT} characters`)
  if (known === undefined) throw new StartupError(`--role must be one of ${ROLES.join(', ')}\n${USAGE}`)
  const [, count, unit] = /^([1-9][0-9]{0,4})([mhd])$/.exec(expires) ?? []
  if (!isUnit(unit)) throw new StartupError(`--expires must be like 30d, 12h or 15m\n${USAGE}`)
  return { subject, role: known, project, expires: Number(count) * SECONDS[unit] }
}

function parse() {
  try {
    return parseArgs({
      options: {
        subject: { type: 'string' },
        role: { type: 'string' },
        project: { type: 'string', multiple: true },
        expires: { type: 'string', default: '30d' },
      },
    }).values
  } catch (error) {
    throw new StartupError(`${(error as Error).message}\n${USAGE}`)
  }
}

function isUnit(text: string | undefined): text is keyof typeof SECONDS {
  return text !== undefined && text in SECONDS
}
