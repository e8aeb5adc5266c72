import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { GraphQLSchema } from 'graphql'
import type { TSchema } from 'typebox'
import { SlipwayError } from '../core/errors.js'
import { prepareOperation } from '../graphql/execute.js'
import type { RequestContext } from '../modules/context/request-context.js'
import { DEPLOYMENT_ROUTES } from './deployment.routes.js'
import { RELEASE_ROUTES } from './release.routes.js'
import { compileValidator } from './request-validation.js'
import { sendRestError } from './rest-error.js'
import type { RestRequest, RestRoute } from './rest-route.js'
import { ErrorSchema, RepeatableHeaders } from './rest-schemas.js'

type AnyRequest = RestRequest<TSchema, TSchema, TSchema>

interface RestOptions {
  readonly schema: GraphQLSchema
  createContext(request: FastifyRequest): RequestContext
}

/** Registers the REST API (contract, section 2): each route is a GraphQL document executed in process. */
export async function restPlugin(app: FastifyInstance, options: RestOptions): Promise<void> {
  app.setValidatorCompiler(compileValidator)
  app.setErrorHandler(sendRestError)
  app.addHook('preParsing', async request => {
    if (request.actor === null) throw new SlipwayError('UNAUTHENTICATED')
  })
  for (const route of [...RELEASE_ROUTES, ...DEPLOYMENT_ROUTES]) addRoute(app, route, options)
}

function addRoute(app: FastifyInstance, route: RestRoute, { schema, createContext }: RestOptions): void {
  const execute = prepareOperation(schema, route.document)
  const { params, query, body, answers } = route.schemas
  app.route({
    method: route.method,
    url: route.path,
    schema: {
      summary: route.summary,
      security: [{ bearer: [] }],
      params,
      querystring: query,
      ...(body && { body }),
      ...(route.method === 'POST' && { headers: RepeatableHeaders }),
      response: { ...answers, '4xx': ErrorSchema, '5xx': ErrorSchema },
    },
    handler: async (request, reply) => {
      const data = await execute(route.variables(request as unknown as AnyRequest), createContext(request))
      const answer = route.answer(data)
      return reply.code(answer.status).send(answer.body)
    },
  })
}
