import { ApolloServer, type ApolloServerPlugin, HeaderMap } from '@apollo/server'
import { ApolloServerErrorCode, unwrapResolverError } from '@apollo/server/errors'
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
} from '@apollo/server/plugin/disabled'
import { GraphQLError, type GraphQLFormattedError, type GraphQLSchema } from 'graphql'
import type { Logger } from 'pino'
import { cutText } from '../core/text.js'
import type { RequestContext } from '../modules/context/request-context.js'
import { createDocumentStore, createPersistedQueries, TOKENS } from './document.js'
import type { EntityTags } from './entity-tag.js'
import { describeError, errorExtensions } from './error-description.js'
import { executeOperation } from './execute.js'

/** What Apollo calls an error that it found in the request itself, before anything was executed. */
const REQUEST_FAULTS: ReadonlySet<unknown> = new Set(
  Object.values(ApolloServerErrorCode).filter(code => code !== ApolloServerErrorCode.INTERNAL_SERVER_ERROR),
)

/** This many faults of a document are told: each may quote a part of it. */
const MOST_FAULTS = 20
/** graphql-js quotes the values that it refuses, however long they are. */
const LONGEST_MESSAGE = 1_000

/** The server that answers GraphQL over HTTP. It has no landing page and tells nobody about its operations. */
export function createApolloServer(schema: GraphQLSchema, tags: EntityTags, log: Logger): ApolloServer<RequestContext> {
  return new ApolloServer<RequestContext>({
    schema,
    introspection: true,
    // What a request may do follows from its bearer token, which no other site can make a browser send.
    csrfPrevention: false,
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false,
    formatError: (formatted, error) => formatError(formatted, error, log),
    parseOptions: { maxTokens: TOKENS },
    validationOptions: { maxErrors: MOST_FAULTS },
    // Apollo's own measure a document by its JSON, which leaves its text out, and have no bound on small entries.
    documentStore: createDocumentStore(),
    persistedQueries: { cache: createPersistedQueries() },
    plugins: [
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginLandingPageDisabled(),
      executing(schema, tags, log),
      challengeUnauthenticated,
    ],
    logger: log,
  })
}

const NOT_KEPT = { 'cache-control': 'no-store' }

/** The headers of an answer that its asker may keep, and ask with its tag whether it is still right. */
export function keptAs(entityTag: string): Record<string, string> {
  return { etag: entityTag, 'cache-control': 'private, no-cache', vary: 'Authorization' }
}

/** Has operations executed by our own means, which read all that a query asks for at once. */
function executing(schema: GraphQLSchema, tags: EntityTags, log: Logger): ApolloServerPlugin<RequestContext> {
  return {
    async requestDidStart() {
      return {
        async responseForOperation({ document, operation, operationName, request, contextValue }) {
          // Apollo tells what is wrong with the name.
          if (operation === undefined) return null
          const { actor } = contextValue
          const { search = '' } = request.http ?? {}
          const isTagged = request.http?.method === 'GET' && actor !== null
          const { data, errors, cost, entityTag } = await executeOperation(
            schema,
            {
              document,
              operationName,
              ...(request.variables && { variables: request.variables }),
              ...(isTagged && { tag: operation => tags.of(operation, { actor, search }) }),
            },
            contextValue,
          )
          return {
            http: {
              ...(data === undefined && { status: 400 }),
              headers: new HeaderMap(Object.entries(entityTag === undefined ? NOT_KEPT : keptAs(entityTag))),
            },
            body: {
              kind: 'single',
              singleResult: {
                ...(errors && { errors: errors.map(error => formatError(error.toJSON(), error, log)) }),
                ...(data !== undefined && { data }),
                ...(cost && { extensions: { cost } }),
              },
            },
          }
        },
      }
    },
  }
}

function formatError(formatted: GraphQLFormattedError, error: unknown, log: Logger): GraphQLFormattedError {
  const message = cutText(formatted.message, LONGEST_MESSAGE)
  if (REQUEST_FAULTS.has(formatted.extensions?.['code'])) return { ...formatted, message }
  if (isFaultOfRequest(error)) return { ...formatted, message, extensions: { code: 'BAD_USER_INPUT' } }
  const described = describeError(unwrapResolverError(error), log)
  return { ...formatted, message: described.message, extensions: errorExtensions(described) }
}

/**
 * Whether an error without a code was made by graphql-js or Apollo of something in the request: it points at a place in
 * the document, or has a status of its own. What our own code throws lies underneath as the original error.
 */
function isFaultOfRequest(error: unknown): boolean {
  if (!(error instanceof GraphQLError)) return false
  if (error.originalError !== undefined) return isFaultOfRequest(error.originalError)
  const { status } = (error.extensions['http'] ?? {}) as { status?: unknown }
  return error.nodes !== undefined || (typeof status === 'number' && status >= 400 && status < 500)
}

/** Answers 401 when a token was needed and none was shown, so that `curl --fail` and proxies notice. */
const challengeUnauthenticated: ApolloServerPlugin<RequestContext> = {
  async requestDidStart() {
    return {
      async willSendResponse({ response }) {
        if (response.body.kind !== 'single') return
        const { errors } = response.body.singleResult
        if (!errors?.some(error => error.extensions?.['code'] === 'UNAUTHENTICATED')) return
        response.http.status = 401
        response.http.headers.set('www-authenticate', 'Bearer')
      },
    }
  },
}
