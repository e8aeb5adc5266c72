import { ApolloServer, type ApolloServerOptions, type ApolloServerPlugin, HeaderMap } from '@apollo/server'
import { ApolloServerErrorCode, unwrapResolverError } from '@apollo/server/errors'
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
} from '@apollo/server/plugin/disabled'
import { type DocumentNode, GraphQLError, type GraphQLFormattedError, type GraphQLSchema } from 'graphql'
import { LRUCache } from 'lru-cache'
import type { Logger } from 'pino'
import type { RequestContext } from '../modules/context/request-context.js'
import type { EntityTags } from './entity-tag.js'
import { describeError, errorExtensions } from './error-description.js'
import { executeOperation } from './execute.js'
import { TOKENS } from './limits.js'

/** What Apollo calls an error that it found in the request itself, before anything was executed. */
const REQUEST_FAULTS: ReadonlySet<unknown> = new Set(
  Object.values(ApolloServerErrorCode).filter(code => code !== ApolloServerErrorCode.INTERNAL_SERVER_ERROR),
)

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
    // Apollo's own store measures documents without their texts, and so keeps far more than it means to.
    documentStore: keptDocuments(),
    plugins: [
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginLandingPageDisabled(),
      executing(schema, tags, log),
      challengeUnauthenticated,
    ],
    logger: log,
  })
}

/** This many bytes of documents' texts are kept parsed; the parsed form is about ten times as large. */
const KEPT_TEXT = 2 * 1024 * 1024

type DocumentStore = NonNullable<ApolloServerOptions<RequestContext>['documentStore']>

function keptDocuments(): DocumentStore {
  const documents = new LRUCache<string, DocumentNode>({
    maxSize: KEPT_TEXT,
    sizeCalculation: document => Math.max(1, document.loc?.source.body.length ?? 0),
  })
  return {
    get: async key => documents.get(key),
    set: async (key, document) => void documents.set(key, document),
    delete: async key => documents.delete(key),
  }
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
  if (REQUEST_FAULTS.has(formatted.extensions?.['code'])) return formatted
  // Apollo's own refusals have a status, and not all of them a code.
  if (error instanceof GraphQLError && error.extensions['http'] !== undefined) {
    return { ...formatted, extensions: { ...formatted.extensions, code: 'BAD_USER_INPUT' } }
  }
  const described = describeError(unwrapResolverError(error), log)
  return { ...formatted, message: described.message, extensions: errorExtensions(described) }
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
