import { randomUUID } from 'node:crypto'
import fastifyHelmet from '@fastify/helmet'
import fastifyRateLimit from '@fastify/rate-limit'
import { type FastifyBaseLogger, type FastifyInstance, type FastifyRequest, fastify, LogController } from 'fastify'
import type { Logger } from 'pino'
import { SlipwayError } from '../core/errors.js'
import { queryReader, sqlReader } from '../database/transaction.js'
import { createSchema, listKindsOf } from '../graphql/schema.js'
import type { JobWorker } from '../jobs/worker.js'
import type { RequestContext, Services } from '../modules/context/request-context.js'
import { ListSizes } from '../modules/reading/list-sizes.js'
import { restPlugin } from '../rest/rest.plugin.js'
import { sendRestError } from '../rest/rest-error.js'
import { identifyActors, refuseFaultyTokens } from './authentication.js'
import { answerClientError } from './client-error.js'
import { graphiqlPlugin } from './graphiql.plugin.js'
import { graphqlPlugin } from './graphql.plugin.js'
import { healthPlugin } from './health.plugin.js'
import { addIdempotency } from './idempotency.plugin.js'
import { takeJsonBodies } from './json-body.js'
import { shedLoad } from './load-shedding.js'
import { describeRestApi } from './openapi.plugin.js'
import { RevokedTokens } from './revoked-tokens.js'
import { type WebhookSecrets, webhooksPlugin } from './webhooks.plugin.js'

/** How long a client may take to send a request. */
export interface Patience {
  readonly requestMs: number
  readonly headersMs: number
  /** How often it is looked for requests that take longer. */
  readonly checkMs: number
}

interface ServerOptions {
  readonly services: Services
  /** Does jobs in this process; null: workers apart do. */
  readonly worker: Pick<JobWorker, 'isStalled'> | null
  readonly log: Logger
  readonly jwtSecret: string
  /** What providers show or sign their events with. */
  readonly webhookSecrets: WebhookSecrets
  readonly publicUrl: string | undefined
  /** Requests a minute of one token, or of one address without; 0: any number. */
  readonly rateLimit: number
  /** Whether requests are refused while this process cannot keep up. */
  readonly shedsLoad: boolean
  /** How long requests may take to arrive; without it, as long as the README says. */
  readonly patience?: Patience
}

const LARGEST_BODY = 1024 * 1024
/** What Node.js takes of a URL and headers, too. */
const LARGEST_HEAD = 16 * 1024
/** A request must have arrived whole after this time, and its headers after that; it is looked for every so often. */
const PATIENCE: Patience = { requestMs: 30_000, headersMs: 10_000, checkMs: 5_000 }
/** More connections are closed as soon as they are opened. */
const MOST_CONNECTIONS = 10_000

/** Puts the HTTP server together. It does not listen yet. */
export async function createServer(options: ServerOptions): Promise<FastifyInstance> {
  const { services, worker, log, patience = PATIENCE } = options
  const app = fastify({
    loggerInstance: log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: () => randomUUID(),
    bodyLimit: LARGEST_BODY,
    requestTimeout: patience.requestMs,
    http: {
      maxHeaderSize: LARGEST_HEAD,
      headersTimeout: patience.headersMs,
      connectionsCheckingInterval: patience.checkMs,
    },
    clientErrorHandler: answerClientError,
    // A name that is too long is the route's to refuse, as a wrong one is.
    routerOptions: { maxParamLength: LARGEST_HEAD },
    forceCloseConnections: 'idle',
    // What is wrong before there is a route, such as a URL that cannot be decoded.
    frameworkErrors: (error, request, reply) => {
      sendRestError(error, request, reply)
    },
  })
  app.server.maxConnections = MOST_CONNECTIONS
  const schema = createSchema()
  const listSizes = new ListSizes(
    listKindsOf(schema),
    queryReader(services.database, new AbortController().signal),
    log,
  )
  const createContext = (request: FastifyRequest): RequestContext => ({
    services,
    log: request.log as Logger,
    actor: request.actor,
    requestKey: request.claim?.id ?? null,
    onMutation: () => {
      request.isMutating = true
    },
    query: (_effort, read) => read(sqlReader(services.database)),
    listSizes,
  })

  takeJsonBodies(app)
  app.setErrorHandler(sendRestError)
  app.setNotFoundHandler(() => {
    throw new SlipwayError('ROUTE_NOT_FOUND')
  })
  let isClosing = false
  app.addHook('preClose', async () => {
    isClosing = true
  })
  app.addHook('onSend', async (request, reply) => {
    reply.header('x-request-id', request.id)
    // A connection that were kept for the next request would keep the server from ending. Otherwise each is kept, also when
    // its request is refused before it has arrived: its sender would not see the answer on one that is closed meanwhile.
    if (isClosing) reply.header('connection', 'close')
    else reply.removeHeader('connection')
  })
  app.addHook('onResponse', async (request, reply) => {
    const { method, url, actor } = request
    const ms = Math.round(reply.elapsedTime)
    request.log.debug({ method, url, status: reply.statusCode, ms, actor: actor?.subject }, 'Answered')
  })
  await app.register(fastifyHelmet, {
    contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
    // Whether the host and its subdomains are reached by https alone is the operator's to say.
    strictTransportSecurity: false,
  })
  await describeRestApi(app, options)
  await app.register(healthPlugin, { database: services.database, worker })
  // Whether the process lives is asked just when it has much to do.
  await app.register(async shedding => {
    if (options.shedsLoad) await shedLoad(shedding)
    await shedding.register(graphiqlPlugin)
    await shedding.register(webhooksPlugin, { database: services.database, secrets: options.webhookSecrets })
    await shedding.register(async guarded => {
      await identifyActors(guarded, {
        secret: options.jwtSecret,
        revokedTokens: new RevokedTokens(services.database),
      })
      if (options.rateLimit > 0) await limitRequests(guarded, options.rateLimit)
      guarded.addHook('preParsing', refuseFaultyTokens)
      await addIdempotency(guarded, services.database)
      await guarded.register(graphqlPlugin, { schema, database: services.database, createContext })
      await guarded.register(restPlugin, { schema, createContext })
    })
  })
  return app
}

async function limitRequests(app: FastifyInstance, max: number): Promise<void> {
  await app.register(fastifyRateLimit, {
    max,
    timeWindow: 60_000,
    keyGenerator: request => request.actor?.tokenId ?? request.ip,
    errorResponseBuilder: (_request, { ttl }) =>
      new SlipwayError('RATE_LIMITED', { retryAfter: Math.ceil(ttl / 1_000) }),
  })
}
