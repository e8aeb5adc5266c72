import { fastifyApolloHandler } from '@as-integrations/fastify'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { GraphQLSchema } from 'graphql'
import type { Logger } from 'pino'
import { createApolloServer } from '../graphql/apollo.js'
import { errorExtensions } from '../graphql/error-description.js'
import type { RequestContext } from '../modules/context/request-context.js'
import { describeRequestError } from '../rest/rest-error.js'

interface GraphQLOptions {
  readonly schema: GraphQLSchema
  createContext(request: FastifyRequest): RequestContext
}

/** Serves GraphQL over HTTP at /graphql. */
export async function graphqlPlugin(app: FastifyInstance, { schema, createContext }: GraphQLOptions): Promise<void> {
  const apollo = createApolloServer(schema, app.log as Logger)
  await apollo.start()
  // By then Fastify has let the requests under way end.
  app.addHook('onClose', () => apollo.stop())
  app.setErrorHandler(sendGraphQLError)
  app.route({
    method: ['GET', 'POST'],
    url: '/graphql',
    schema: { hide: true },
    handler: fastifyApolloHandler(apollo, { context: async request => createContext(request) }),
  })
}

/** Answers what went wrong before GraphQL got the request, such as a faulty token, in GraphQL's shape. */
function sendGraphQLError(thrown: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const error = describeRequestError(thrown, request, reply)
  return reply.send({ errors: [{ message: error.message, extensions: errorExtensions(error) }] })
}
