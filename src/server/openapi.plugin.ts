import fastifySwagger from '@fastify/swagger'
import type { FastifyInstance } from 'fastify'

/** Describes the REST API at /openapi.json, made of the schemas by which requests are checked and answers written. */
export async function describeRestApi(app: FastifyInstance, { publicUrl }: { publicUrl: string | undefined }) {
  await app.register(fastifySwagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Slipway',
        description: 'The REST facade of the release-management server. All of it is also in the GraphQL API.',
        version: '1',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      ...(publicUrl !== undefined && { servers: [{ url: publicUrl }] }),
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } } },
    },
  })
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger())
}
