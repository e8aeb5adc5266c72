import { randomBytes } from 'node:crypto'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Webhook } from 'standardwebhooks'
import { afterAll, beforeAll } from 'vitest'

/** What a receiver answers. */
interface WebhookAnswer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** It is not answered before. */
  readonly after?: Promise<unknown>
}

/** One request as it came. */
interface ReceivedWebhook {
  readonly method: string | undefined
  readonly path: string | undefined
  readonly headers: IncomingHttpHeaders
  readonly body: string
  /** What was signed; null when the signature is not good. */
  readonly message: { readonly type: string; readonly timestamp: string; readonly data: unknown } | null
}

/** Whoever receives signed webhooks. Each test has a path of its own. */
export interface WebhookReceiver {
  /** What it knows the signatures by. */
  readonly secret: string
  readonly port: number
  url(path: string): string
  /** Gives the answers of a path in turn, the last one again and again; without this a path answers 204. */
  answer(path: string, ...answers: readonly WebhookAnswer[]): void
  /** What came for a path, in its order. */
  received(path: string): readonly ReceivedWebhook[]
  /** The types of what came for a path. */
  types(path: string): readonly (string | undefined)[]
}

/** Starts a receiver on the loopback before the tests of a file, and ends it after them. */
export function useWebhookReceiver(): WebhookReceiver {
  const secret = `whsec_${randomBytes(32).toString('base64')}`
  const answers = new Map<string, WebhookAnswer[]>()
  const requests: ReceivedWebhook[] = []
  const received = (path: string) => requests.filter(request => request.path === path)
  let server: Server | undefined
  let port = 0

  beforeAll(async () => {
    server = createServer(async (request, response) => {
      const got = await receive(request, secret)
      requests.push(got)
      const given = answers.get(got.path ?? '') ?? []
      const told = given.length > 1 ? given.shift() : given[0]
      const { status, headers, body, after } = told ?? { status: 204 }
      await after
      if (got.message === null) response.writeHead(401).end()
      else response.writeHead(status, headers).end(body)
    })
    const listening = server
    await new Promise<void>(resolve => listening.listen(0, '127.0.0.1', resolve))
    port = (listening.address() as AddressInfo).port
  })
  afterAll(async () => {
    server?.closeAllConnections()
    await new Promise(resolve => (server === undefined ? resolve(null) : server.close(resolve)))
  })

  return {
    secret,
    get port() {
      return port
    },
    url: path => `http://127.0.0.1:${port}${path}`,
    answer: (path, ...told) => void answers.set(path, [...told]),
    received,
    types: path => received(path).map(({ message }) => message?.type),
  }
}

async function receive(request: IncomingMessage, secret: string): Promise<ReceivedWebhook> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const body = Buffer.concat(chunks).toString()
  const { method, url: path, headers } = request
  return { method, path, headers, body, message: verified(body, headers, secret) }
}

function verified(body: string, headers: IncomingHttpHeaders, secret: string): ReceivedWebhook['message'] {
  try {
    return new Webhook(secret).verify(body, headers as Record<string, string>) as ReceivedWebhook['message']
  } catch {
    return null
  }
}
