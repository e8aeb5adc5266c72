import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Logger, pino } from 'pino'
import { afterAll, beforeAll } from 'vitest'
import { startJobs } from '../../src/app.js'
import { createSecretBox } from '../../src/core/secret-box.js'
import { closeDatabase, type Database, openDatabase } from '../../src/database/client.js'
import type { Services } from '../../src/modules/context/request-context.js'
import { createRepositoryHosts, type RepositoryHosts } from '../../src/modules/repository/repository.hosts.js'
import { createRunners } from '../../src/modules/runner/runners.js'
import { createPace } from '../../src/modules/tracking/pace.js'
import type { Pace } from '../../src/modules/tracking/run.rules.js'
import { createServer, type Patience } from '../../src/server/server.js'
import { type Client, createClient } from './client.js'
import { createTestDatabase } from './database.js'
import { createGitRepository, type GitRepository } from './git-repository.js'
import { JWT_SECRET, type TestToken, testToken } from './token.js'

const SECRETS_KEY = 'a key of the tests that is long enough, too'
export const GITHUB_WEBHOOK_SECRET = 'what GitHub signs its events with'
export const BUILDKITE_WEBHOOK_TOKEN = 'what Buildkite signs its events with'

/** A Slipway on a real port and a database of its own, for the tests of one file. */
export interface Slipway {
  readonly url: string
  readonly database: Database
  readonly databaseUrl: string
  /** What it is made of, for a worker beside it. */
  readonly services: Services
  /** A repository that its projects can have. */
  readonly repository: GitRepository
  /** A client with a token; without options an administrator's. */
  as(token?: TestToken): Client
  /** A client without a token. */
  anonymous(): Client
}

export interface SlipwayOptions {
  readonly rateLimit?: number
  readonly githubApiUrl?: string
  readonly buildkiteApiUrl?: string
  /** Whether jobs are done, too. */
  readonly worker?: boolean
  readonly pace?: Pace
  readonly patience?: Patience
  /** Where it logs; without one, only what ends it is logged. */
  readonly log?: Logger
  /** Whether requests are refused while the tests and the server, which share a process, keep it too busy. */
  readonly shedsLoad?: boolean
  /** Whether webhooks may go to private addresses; in tests there are no others. */
  readonly allowPrivate?: boolean
  /** Stands in front of the repository hosts. */
  readonly wrapHosts?: (hosts: RepositoryHosts) => RepositoryHosts
}

/** Starts a Slipway before the tests of a file, and ends it after them. */
export function useSlipway(options: SlipwayOptions = {}): Slipway {
  let running: (Slipway & { stop(): Promise<void> }) | undefined
  beforeAll(async () => {
    running = await startSlipway(options)
  })
  afterAll(() => running?.stop())
  return new Proxy({} as Slipway, {
    get: (_target, property) => {
      if (running === undefined) throw new Error('Slipway runs only while tests do')
      return running[property as keyof Slipway]
    },
  })
}

async function startSlipway(options: SlipwayOptions): Promise<Slipway & { stop(): Promise<void> }> {
  const log = options.log ?? pino({ level: 'fatal' })
  const testDatabase = await createTestDatabase()
  const database = openDatabase(testDatabase.url, log)
  const dataDir = await mkdtemp(join(tmpdir(), 'slipway-data-'))
  const repository = await createGitRepository()
  const github = { apiUrl: options.githubApiUrl ?? 'http://127.0.0.1:1', token: undefined, app: undefined }
  const hosts = createRepositoryHosts({ dataDir, allowFileRepositories: true, github }, log)
  const secrets = createSecretBox(SECRETS_KEY)
  const buildkite = { apiUrl: options.buildkiteApiUrl ?? 'http://127.0.0.1:1', token: 'bkua_secret' }
  const services: Services = {
    database,
    repositoryHosts: options.wrapHosts?.(hosts) ?? hosts,
    runners: createRunners(
      { github, buildkite, webhook: { allowPrivate: options.allowPrivate ?? true } },
      secrets,
      log,
    ),
    pace: options.pace ?? createPace(30_000),
    secrets,
  }
  const worker = options.worker ? await startJobs(services, testDatabase.url, log) : null
  const server = await createServer({
    services,
    worker,
    log,
    jwtSecret: JWT_SECRET,
    webhookSecrets: { github: GITHUB_WEBHOOK_SECRET, buildkite: BUILDKITE_WEBHOOK_TOKEN },
    publicUrl: undefined,
    rateLimit: options.rateLimit ?? 0,
    shedsLoad: options.shedsLoad ?? false,
    ...(options.patience && { patience: options.patience }),
  })
  const url = await server.listen({ host: '127.0.0.1', port: 0 })
  return {
    url,
    database,
    databaseUrl: testDatabase.url,
    services,
    repository,
    as: token => createClient(url, testToken(token)),
    anonymous: () => createClient(url, null),
    stop: async () => {
      await worker?.stop()
      await server.close()
      await closeDatabase(database)
      await repository.remove()
      await rm(dataDir, { recursive: true, force: true })
      await testDatabase.drop()
    },
  }
}

/** A name that nothing else has. */
export function unique(prefix: string): string {
  return `${prefix}-${randomUUID().slice(0, 8)}`
}
