import { fastifyApolloHandler } from '@as-integrations/fastify'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { GraphQLSchema } from 'graphql'
import Negotiator from 'negotiator'
import type { Logger } from 'pino'
import { SlipwayError } from '../core/errors.js'
import { checkJsonDepth } from '../core/json.js'
import type { Database } from '../database/client.js'
import { queryReader, sqlReader } from '../database/transaction.js'
import { createApolloServer, keptAs } from '../graphql/apollo.js'
import { checkDocument } from '../graphql/document.js'
import { EntityTags } from '../graphql/entity-tag.js'
import { errorExtensions } from '../graphql/error-description.js'
import type { RequestContext } from '../modules/context/request-context.js'
import { describeRequestError } from '../rest/rest-error.js'

interface GraphQLOptions {
  readonly schema: GraphQLSchema
  readonly database: Database
  createContext(request: FastifyRequest): RequestContext
}

/** Serves GraphQL over HTTP at /graphql. */
export async function graphqlPlugin(app: FastifyInstance, options: GraphQLOptions): Promise<void> {
  const { schema, database, createContext } = options
  const tags = new EntityTags(schema, sqlReader(database))
  const apollo = createApolloServer(schema, tags, app.log as Logger)
  await apollo.start()
  // By then Fastify has let the requests under way end.
  app.addHook('onClose', () => apollo.stop())
  app.setErrorHandler(sendGraphQLError)
  app.route({
    method: ['GET', 'POST'],
    url: '/graphql',
    schema: { hide: true },
    preValidation: checkRequest,
    preHandler: async (request, reply) => {
      const tag = await unchangedTag(tags, request)
      return tag === null ? undefined : reply.code(304).headers(keptAs(tag)).send()
    },
    handler: fastifyApolloHandler(apollo, {
      context: async (request, reply) => ({ ...createContext(request), query: inTurn(database, request, reply) }),
    }),
  })
}

/** All who ask without a token, and may ask for the schema alone, are one in the line. No token has an empty name. */
const WITHOUT_TOKEN = ''

/** What Apollo answers with; it looks for one that the asker takes only after a mutation was carried out. */
const MEDIA_TYPES = ['application/json; charset=utf-8', 'application/graphql-response+json; charset=utf-8']

/** Refuses what nothing should be done of: an answer that could not be sent, or a text that could not be coped with. */
async function checkRequest({ headers, body, query }: FastifyRequest): Promise<void> {
  const { accept } = headers
  if (accept !== undefined && new Negotiator({ headers: { accept } }).mediaType(MEDIA_TYPES) === undefined) {
    throw new SlipwayError('NOT_ACCEPTABLE')
  }
  for (const source of [body, query]) {
    const document = (source as Readonly<Record<string, unknown>> | null | undefined)?.['query']
    if (typeof document === 'string') checkDocument(document)
  }
  // Of a body that was seen to when it was read.
  for (const [name, text] of Object.entries(query as Readonly<Record<string, unknown>>)) {
    if (typeof text === 'string' && name !== 'query') checkJsonDepth(text, name)
  }
}

/** Queries wait for their turn among those of all who ask, and are given up when nobody waits for the answer any more. */
function inTurn(database: Database, { actor }: FastifyRequest, reply: FastifyReply): RequestContext['query'] {
  const leaving = leavingOf(reply)
  const asker = actor?.tokenId ?? WITHOUT_TOKEN
  return (effort, read) => database.queryQueue.take(asker, effort, leaving, () => read(queryReader(database, leaving)))
}

/** Aborts when the connection is closed before it has got its answer. */
function leavingOf({ raw }: FastifyReply): AbortSignal {
  const leaving = new AbortController()
  raw.once('close', () => {
    if (!raw.writableFinished) leaving.abort()
  })
  return leaving.signal
}

/** The tag of an answer that the asker has and that is still right; null when there is none. */
async function unchangedTag(tags: EntityTags, { method, url, headers, actor }: FastifyRequest): Promise<string | null> {
  const { 'if-none-match': ifNoneMatch } = headers
  if (method !== 'GET' || ifNoneMatch === undefined || actor === null) return null
  // As Apollo's integration takes it out of the URL.
  const { search } = new URL(url, 'http://localhost')
  return tags.unchanged({ actor, search }, ifNoneMatch)
}

/** Answers what went wrong before GraphQL got the request, such as a faulty token, in GraphQL's shape. */
function sendGraphQLError(thrown: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const error = describeRequestError(thrown, request, reply)
  return reply.send({ errors: [{ message: error.message, extensions: errorExtensions(error) }] })
}
