import { constants } from 'node:fs'
import { access, mkdir } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import type { Config } from './core/config.js'
import { keptSecret } from './core/kept-secret.js'
import type { Endable } from './core/orderly-end.js'
import { createSecretBox } from './core/secret-box.js'
import { StartupError } from './core/startup-error.js'
import { closeDatabase, openDatabase } from './database/client.js'
import { startEmbeddedPostgres } from './database/embedded-postgres.js'
import { migrate } from './database/migrations.js'
import { type JobWorker, startWorker } from './jobs/worker.js'
import { deployAutomatically } from './modules/automation/automation.service.js'
import type { Services } from './modules/context/request-context.js'
import { applyDelivery } from './modules/delivery/delivery.service.js'
import { admitWaitingOn } from './modules/deployment/admission.service.js'
import { keepProblems } from './modules/problem/problem.service.js'
import { createRepositoryHosts } from './modules/repository/repository.hosts.js'
import { rollBackFailure } from './modules/rollback/rollback.service.js'
import { createRunners } from './modules/runner/runners.js'
import { advanceRun } from './modules/tracking/advance.service.js'
import { createPace } from './modules/tracking/pace.js'
import { catchUp, sweep } from './modules/tracking/sweep.service.js'
import { createServer } from './server/server.js'

/** A Slipway that serves. To close it: stops accepting, finishes what is under way, and ends the embedded database. */
export interface App extends Endable {
  /** Where it is reached. */
  readonly url: string
}

/** Requests under way may take so long after the end was asked for; a database that is stopped then has 3 s left of 10. */
const DRAIN_MS = 6_000

/**
 * Puts everything together and starts to serve.
 *
 * @throws StartupError for what the operator has to mend; whatever had been started by then is stopped again
 */
export async function startApp(config: Config, log: Logger): Promise<App> {
  // In reverse order of their starts, what there is to stop.
  const stops: (() => Promise<unknown>)[] = []
  const close = () => stopAll(stops.splice(0))
  try {
    await makeDataDirectory(config.dataDir)
    const databaseUrl = config.databaseUrl ?? (await startDatabase(config, log, stops))
    await migrate(databaseUrl, log)
    const services = await openServices(config, databaseUrl, log)
    stops.unshift(() => closeDatabase(services.database))
    const worker = config.runWorker ? await startJobs(services, databaseUrl, log) : null
    if (worker !== null) stops.unshift(() => worker.stop())
    const server = await createServer({
      services,
      worker,
      log,
      jwtSecret: config.jwtSecret ?? (await keptSecret(jwtSecretFile(config))),
      webhookSecrets: { github: config.github.webhookSecret, buildkite: config.buildkite.webhookToken },
      publicUrl: config.publicUrl,
      shedsLoad: true,
      rateLimit: config.rateLimit,
    })
    // Jobs under way end meanwhile, so that all that may take its time takes it at once.
    stops.unshift(() => Promise.all([drain(server, log), worker?.stop()]))
    const url = await listen(server, config)
    const hurry = () => {
      server.server.closeAllConnections()
      void worker?.stop(true)
    }
    return { url: config.publicUrl ?? url, close, hurry }
  } catch (error) {
    await close()
    throw error
  }
}

/**
 * Starts a worker that serves nobody, beside servers on the same database.
 *
 * @throws StartupError for what the operator has to mend
 */
export async function startWorkerApp(config: Config, log: Logger): Promise<Endable> {
  const { databaseUrl } = config
  if (databaseUrl === undefined) {
    throw new StartupError(
      'DATABASE_URL must be set: the embedded database is the server’s alone, which works on it itself',
    )
  }
  await makeDataDirectory(config.dataDir)
  await migrate(databaseUrl, log)
  const services = await openServices(config, databaseUrl, log)
  const worker = await startJobs(services, databaseUrl, log).catch(async (error: unknown) => {
    await closeDatabase(services.database)
    throw error
  })
  return {
    close: () => stopAll([() => worker.stop(), () => closeDatabase(services.database)]),
    hurry: () => void worker.stop(true),
  }
}

/** Stops one after the other. One that fails keeps none of the others from being stopped. */
async function stopAll(stops: readonly (() => Promise<unknown>)[]): Promise<void> {
  const errors: unknown[] = []
  for (const stop of stops) await stop().catch((error: unknown) => errors.push(error))
  if (errors.length > 0) throw new AggregateError(errors, 'Not everything could be stopped')
}

async function openServices(config: Config, databaseUrl: string, log: Logger): Promise<Services> {
  const secrets = createSecretBox(config.secretsKey ?? (await keptSecret(join(config.dataDir, 'secrets-key'))))
  return {
    database: openDatabase(databaseUrl, log, config.databaseConnections),
    repositoryHosts: createRepositoryHosts(config, log),
    runners: createRunners(
      { github: config.github, buildkite: config.buildkite, webhook: { allowPrivate: config.webhookAllowPrivate } },
      secrets,
      log,
    ),
    pace: createPace(config.runCheckSeconds * 1_000),
    secrets,
  }
}

/** Starts to do the jobs that services have enqueued. */
export async function startJobs(services: Services, databaseUrl: string, log: Logger): Promise<JobWorker> {
  const ctx = { ...services, log }
  await catchUp(ctx)
  return startWorker({
    databaseUrl,
    handlers: {
      inside: {
        'apply-delivery': delivery => applyDelivery(ctx, delivery),
        'admit-waiting': ({ environmentId }) => admitWaitingOn(ctx, environmentId),
        'roll-back': ({ deploymentId }) => rollBackFailure(ctx, deploymentId),
        'deploy-automatically': ({ environmentId, candidateId }) =>
          deployAutomatically(ctx, environmentId, candidateId),
      },
      outside: {
        'advance-run': ({ runId }, signal) => advanceRun(ctx, runId, signal),
      },
    },
    problems: keepProblems(services.database),
    sweep: () => sweep(ctx),
    log,
  })
}

/** Where the secret is kept that tokens are signed with when none is configured. */
export function jwtSecretFile(config: Config): string {
  return join(config.dataDir, 'jwt-secret')
}

async function makeDataDirectory(dataDir: string): Promise<void> {
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o700 })
    await access(dataDir, constants.W_OK)
  } catch (error) {
    throw new StartupError(
      `DATA_DIR ${dataDir} cannot be written to (${(error as Error).message}); set another DATA_DIR`,
    )
  }
}

async function startDatabase(config: Config, log: Logger, stops: (() => Promise<unknown>)[]): Promise<string> {
  const postgres = await startEmbeddedPostgres(config.dataDir, log)
  stops.unshift(() => postgres.stop())
  return postgres.url
}

async function listen(server: FastifyInstance, { host, port }: Config): Promise<string> {
  try {
    await server.listen({ host, port })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EADDRINUSE') throw new StartupError(`PORT ${port} on ${host} is in use; set another PORT`)
    if (code === 'EACCES') throw new StartupError(`PORT ${port} may not be listened on by this user; set another PORT`)
    if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') throw new StartupError(`HOST ${host} is not of this machine`)
    throw error
  }
  const { address, port: bound, family } = server.server.address() as AddressInfo
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${bound}`
}

/** Lets requests under way end, but not for ever: what holds on longer is cut off. */
async function drain(server: FastifyInstance, log: Logger): Promise<void> {
  const timer = setTimeout(() => {
    log.warn('Requests that did not end in time are cut off')
    server.server.closeAllConnections()
  }, DRAIN_MS)
  await server.close()
  clearTimeout(timer)
}
