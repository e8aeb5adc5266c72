import { resolve } from 'node:path'
import { cleanEnv, makeValidator, str } from 'envalid'
import { StartupError } from './startup-error.js'

/** How many connections to the database a process has for requests, and how many it needs. */
export const USUAL_CONNECTIONS = 16
const FEWEST_CONNECTIONS = 4

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const

const wholeNumber = (lowest: number, highest: number) =>
  makeValidator<number>(text => {
    const value = Number(text)
    if (!Number.isInteger(value) || value < lowest || value > highest) {
      throw new Error(`must be a whole number from ${lowest} to ${highest}, not "${text}"`)
    }
    return value
  })

const trueOrFalse = makeValidator<boolean>(text => {
  if (text !== 'true' && text !== 'false') throw new Error(`must be true or false, not "${text}"`)
  return text === 'true'
})

const postgresUrl = makeValidator<string>(text => {
  // The value holds a password: the message must not repeat it.
  if (!/^postgres(ql)?:\/\/./.test(text)) throw new Error('must be a postgresql:// URL')
  return text
})

const webUrl = makeValidator<string>(text => {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) {
    throw new Error(`must be an http:// or https:// URL, not "${text}"`)
  }
  return text.replace(/\/+$/, '')
})

const secret = makeValidator<string>(text => {
  if (Buffer.byteLength(text) < 32) throw new Error('must be at least 32 bytes long')
  return text
})

/** A PEM that was squeezed into one line by writing `\n` for its line ends is unfolded. */
const pem = makeValidator<string>(text => {
  const unfolded = text.replaceAll('\\n', '\n')
  if (!unfolded.includes('PRIVATE KEY-----')) throw new Error('must be a private key in PEM format')
  return unfolded
})

const SETTINGS = {
  HOST: str({ default: '127.0.0.1' }),
  PORT: wholeNumber(0, 65_535)({ default: 4000 }),
  DATABASE_URL: postgresUrl({ default: undefined }),
  DATABASE_CONNECTIONS: wholeNumber(FEWEST_CONNECTIONS, 1_000)({ default: USUAL_CONNECTIONS }),
  DATA_DIR: str({ default: './data' }),
  JWT_SECRET: secret({ default: undefined }),
  PUBLIC_URL: webUrl({ default: undefined }),
  GITHUB_API_URL: webUrl({ default: 'https://api.github.com' }),
  GITHUB_TOKEN: str({ default: undefined }),
  GITHUB_APP_ID: wholeNumber(1, Number.MAX_SAFE_INTEGER)({ default: undefined }),
  GITHUB_APP_PRIVATE_KEY: pem({ default: undefined }),
  GITHUB_WEBHOOK_SECRET: str({ default: undefined }),
  BUILDKITE_API_URL: webUrl({ default: 'https://api.buildkite.com' }),
  BUILDKITE_TOKEN: str({ default: undefined }),
  BUILDKITE_WEBHOOK_TOKEN: str({ default: undefined }),
  SECRETS_KEY: secret({ default: undefined }),
  WEBHOOK_ALLOW_PRIVATE: trueOrFalse({ default: false }),
  RUN_WORKER: trueOrFalse({ default: true }),
  RUN_CHECK_SECONDS: wholeNumber(1, 3_600)({ default: 30 }),
  ALLOW_FILE_REPOSITORIES: trueOrFalse({ default: false }),
  RATE_LIMIT: wholeNumber(0, 1_000_000)({ default: 60_000 }),
  LOG_LEVEL: str({ choices: LOG_LEVELS, default: 'info' }),
}

/** How this server is set up. Read once, at start; nothing else reads the environment. */
export interface Config {
  readonly host: string
  /** 0 lets the system pick a free one. */
  readonly port: number
  /** Undefined: the embedded PostgreSQL. */
  readonly databaseUrl: string | undefined
  /** How many connections this process takes for requests; its worker has ten more (README, "Running it"). */
  readonly databaseConnections: number
  /** Absolute. */
  readonly dataDir: string
  /** Undefined: made on first start and kept in `dataDir`. */
  readonly jwtSecret: string | undefined
  /** Without a slash at its end. Undefined: made of the address listened on. */
  readonly publicUrl: string | undefined
  readonly github: {
    readonly apiUrl: string
    readonly token: string | undefined
    readonly app: { readonly id: number; readonly privateKey: string } | undefined
    /** What GitHub signs its events with. Undefined: none are taken. */
    readonly webhookSecret: string | undefined
  }
  readonly buildkite: {
    readonly apiUrl: string
    readonly token: string | undefined
    /** What Buildkite shows or signs its events with. Undefined: none are taken. */
    readonly webhookToken: string | undefined
  }
  /** Undefined: made on first start and kept in `dataDir`. */
  readonly secretsKey: string | undefined
  /** Whether webhooks may be sent to private addresses. */
  readonly webhookAllowPrivate: boolean
  /** Whether the server does jobs, too. */
  readonly runWorker: boolean
  /** How long nothing is heard of a run before its runner is asked. */
  readonly runCheckSeconds: number
  readonly allowFileRepositories: boolean
  /** Requests a minute that one token, or one address without a token, may make; 0: any number. */
  readonly rateLimit: number
  readonly logLevel: (typeof LOG_LEVELS)[number]
}

/**
 * Reads the configuration (contract, section 6). A variable that is set to nothing counts as not set.
 *
 * @throws StartupError that names every faulty variable at once
 */
export function readConfig(environment: NodeJS.ProcessEnv): Config {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''))
  const faults: string[] = []
  const settings = cleanEnv(given, SETTINGS, {
    reporter: ({ errors }) => {
      for (const [name, error] of Object.entries(errors)) faults.push(`${name} ${error?.message}`)
    },
  })
  // A faulty variable cannot be read from `settings`; whether two fit together is found out from what was given.
  for (const [set, missing] of [
    ['GITHUB_APP_ID', 'GITHUB_APP_PRIVATE_KEY'],
    ['GITHUB_APP_PRIVATE_KEY', 'GITHUB_APP_ID'],
  ] as const) {
    if (given[set] !== undefined && given[missing] === undefined) faults.push(`${missing} must be set, since ${set} is`)
  }
  if (given['RUN_WORKER'] === 'false' && given['DATABASE_URL'] === undefined) {
    faults.push('RUN_WORKER must be true without DATABASE_URL: only the server itself reaches its embedded database')
  }
  if (faults.length > 0) {
    throw new StartupError(`The configuration is wrong:\n${faults.map(fault => `  ${fault}`).join('\n')}`)
  }
  const { GITHUB_APP_ID: id, GITHUB_APP_PRIVATE_KEY: privateKey } = settings
  return {
    host: settings.HOST,
    port: settings.PORT,
    databaseUrl: settings.DATABASE_URL,
    databaseConnections: settings.DATABASE_CONNECTIONS,
    dataDir: resolve(settings.DATA_DIR),
    jwtSecret: settings.JWT_SECRET,
    publicUrl: settings.PUBLIC_URL,
    github: {
      apiUrl: settings.GITHUB_API_URL,
      token: settings.GITHUB_TOKEN,
      app: id === undefined || privateKey === undefined ? undefined : { id, privateKey },
      webhookSecret: settings.GITHUB_WEBHOOK_SECRET,
    },
    buildkite: {
      apiUrl: settings.BUILDKITE_API_URL,
      token: settings.BUILDKITE_TOKEN,
      webhookToken: settings.BUILDKITE_WEBHOOK_TOKEN,
    },
    secretsKey: settings.SECRETS_KEY,
    webhookAllowPrivate: settings.WEBHOOK_ALLOW_PRIVATE,
    runWorker: settings.RUN_WORKER,
    runCheckSeconds: settings.RUN_CHECK_SECONDS,
    allowFileRepositories: settings.ALLOW_FILE_REPOSITORIES,
    rateLimit: settings.RATE_LIMIT,
    logLevel: settings.LOG_LEVEL,
  }
}
