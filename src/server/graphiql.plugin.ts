import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { FastifyInstance } from 'fastify'

const DEFAULT_QUERY = `# Put your token below, under "Headers", in place of the dots.
#   npm run --silent token -- --subject me --role admin
{
  viewer {
    subject
    role
    projects
  }
  projects(first: 10) {
    nodes {
      name
      environments {
        name
        tier
        current {
          version
        }
      }
    }
  }
}
`

/** What the page may load: itself. Its editor runs workers that it makes of its own text. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "connect-src 'self'",
  "script-src 'unsafe-inline' blob:",
  'worker-src blob:',
  "style-src 'unsafe-inline'",
  'img-src data:',
  'font-src data:',
  "frame-ancestors 'none'",
].join('; ')

interface Page {
  readonly compressed: Buffer
  readonly etag: string
}

/** Serves GraphiQL at /graphiql, from this server alone. */
export async function graphiqlPlugin(app: FastifyInstance): Promise<void> {
  let page: Promise<Page> | undefined
  app.get('/graphiql', { schema: { hide: true }, helmet: { contentSecurityPolicy: false } }, async (request, reply) => {
    // The page is large: it is only read when somebody wants it.
    page ??= renderPage()
    const { compressed, etag } = await page
    reply.headers({ 'content-security-policy': CONTENT_SECURITY_POLICY, 'cache-control': 'no-cache', etag })
    if (request.headers['if-none-match'] === etag) return reply.code(304).send()
    return reply.headers({ 'content-type': 'text/html; charset=utf-8', 'content-encoding': 'gzip' }).send(compressed)
  })
}

async function renderPage(): Promise<Page> {
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql')
  const html = renderGraphiQL({
    endpoint: '/graphql',
    title: 'Slipway GraphiQL',
    defaultQuery: DEFAULT_QUERY,
    headers: JSON.stringify({ Authorization: 'Bearer ...' }),
    shouldPersistHeaders: true,
  })
  const compressed = await promisify(gzip)(html)
  return { compressed, etag: `"${createHash('sha256').update(compressed).digest('base64url')}"` }
}
