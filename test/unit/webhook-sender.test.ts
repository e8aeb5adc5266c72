import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Webhook } from 'standardwebhooks'
import { describe, expect, test } from 'vitest'
import {
  sendWebhook,
  type WebhookMessage,
  type WebhookOutcome,
  type WebhookSettings,
} from '../../src/modules/runner/webhook.sender.js'

const KEY = Buffer.alloc(32, 'a/+?').toString('base64')
const SECRET = `whsec_${KEY}`
const QUERY = 'token=do-not-show-me&n=1'

interface Call {
  readonly method: string | undefined
  readonly url: string | undefined
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

interface Receiver {
  readonly port: number
  readonly calls: readonly Call[]
}

type Respond = (response: ServerResponse, call: Call) => void

describe('a message', () => {
  test('is posted with a signature that can be verified', async () => {
    await withReceiver(respondWith(200), async ({ port, calls }) => {
      const data = { deployment: { id: 'd1', note: 'ü — “quoted”' } }
      expect(await send(port, { data })).toEqual({ kind: 'delivered', status: 200 })
      const [call, ...others] = calls
      expect(others).toEqual([])
      expect(call).toMatchObject({ method: 'POST', url: `/hook?${QUERY}` })
      expect(call?.headers).toMatchObject({
        'content-type': 'application/json',
        'user-agent': 'slipway',
        'webhook-id': 'msg_1',
        connection: 'close',
      })
      expect(verify(call)).toEqual({ type: 'deployment.requested', timestamp: expect.any(String), data })
    })
  })

  test('has the same id and the time of the attempt on every try', async () => {
    await withReceiver(respondWith(204), async ({ port, calls }) => {
      const second = new Date()
      const first = new Date(second.getTime() - 60_000)
      await send(port, {}, {}, first)
      await send(port, {}, {}, second)
      expect(calls.map(({ headers }) => headers['webhook-id'])).toEqual(['msg_1', 'msg_1'])
      expect(calls.map(({ headers }) => headers['webhook-timestamp'])).toEqual(
        [first, second].map(time => String(Math.floor(time.getTime() / 1_000))),
      )
      expect(calls.map(verify)).toMatchObject([first, second].map(time => ({ timestamp: time.toISOString() })))
    })
  })
})

describe('an answer', () => {
  test.each([200, 204, 299])('%i is a delivery', async status => {
    expect(await outcomeOf(respondWith(status))).toEqual({ kind: 'delivered', status })
  })

  test('410 is the end', async () => {
    expect(await outcomeOf(respondWith(410))).toEqual({ kind: 'gone', status: 410, reason: expect.any(String) })
  })

  test.each([301, 302, 303, 307, 308])('%i is a failure and not followed', async status => {
    await withReceiver(respondWith(200), async target => {
      const location = `http://127.0.0.1:${target.port}/`
      expect(await outcomeOf(respondWith(status, { location }))).toMatchObject({ kind: 'failed', status })
      expect(target.calls).toEqual([])
    })
  })

  test.each([400, 401, 404, 409, 429, 500, 503])('%i is a failure', async status => {
    expect(await outcomeOf(respondWith(status))).toEqual({
      kind: 'failed',
      status,
      reason: `the receiver answered ${status}`,
      retryAfterMs: null,
    })
  })

  test('of a failure is quoted in one line of 200 characters', async () => {
    const outcome = await outcomeOf(respondWith(500, {}, `\n no\u0000 \r\n\tdatabase\n${'😀'.repeat(300)}`))
    const quoted = `no database ${'😀'.repeat(188)}`
    expect(outcome).toMatchObject({ status: 500, reason: `the receiver answered 500: ${quoted}` })
  })

  test.each([200, 500])('%i without an end is left after its start', async status => {
    const outcome = await outcomeOf(response => {
      response.writeHead(status)
      const pour = () => {
        while (!response.destroyed && response.write('x'.repeat(16_384)));
      }
      response.on('drain', pour)
      pour()
    })
    expect(outcome).toMatchObject({ kind: status === 200 ? 'delivered' : 'failed', status })
  })
})

describe('Retry-After', () => {
  const now = new Date('2026-11-23T12:00:00.000Z')

  test.each([
    ['7', 7_000],
    ['0', 0],
    ['86401', 86_400_000],
    ['9'.repeat(400), 86_400_000],
    ['Mon, 23 Nov 2026 12:00:30 GMT', 30_000],
    ['Monday, 23-Nov-26 12:00:30 GMT', 30_000],
    ['Mon, 23 Nov 2026 11:00:00 GMT', 0],
    ['Sat, 23 Nov 2030 12:00:00 GMT', 86_400_000],
    ['-7', null],
    ['7.5', null],
    ['soon', null],
    ['Mon, soon GMT', null],
  ])('%s', async (header, retryAfterMs) => {
    await withReceiver(respondWith(503, { 'retry-after': header }), async ({ port }) => {
      expect(await send(port, {}, {}, now)).toMatchObject({ kind: 'failed', status: 503, retryAfterMs })
    })
  })
})

describe('a connection', () => {
  test.each<[string, Respond]>([
    ['before an answer', () => {}],
    ['amid the answer', response => response.writeHead(200).write('{')],
  ])('that hangs %s fails by timeout', async (_, respond) => {
    await withReceiver(respond, async ({ port }) => {
      expect(await send(port, {}, { timeoutMs: 100 })).toEqual({
        kind: 'failed',
        status: null,
        reason: 'no complete answer within 100 ms',
        retryAfterMs: null,
      })
    })
  })

  test.each<[string, Respond]>([
    ['before an answer', response => response.destroy()],
    ['amid the answer', response => response.writeHead(200).write('{', () => response.destroy())],
  ])('that breaks %s fails', async (_, respond) => {
    expect(await outcomeOf(respond)).toEqual({
      kind: 'failed',
      status: null,
      reason: 'the connection failed: ECONNRESET',
      retryAfterMs: null,
    })
  })

  test.each(['127.0.0.1', 'localhost'])('that %s refuses fails', async host => {
    const port = await withReceiver(respondWith(200), async receiver => receiver.port)
    expect(await send(port, { url: `http://${host}:${port}/?${QUERY}` })).toEqual({
      kind: 'failed',
      status: null,
      reason: 'the connection failed: ECONNREFUSED',
      retryAfterMs: null,
    })
  })

  test('to what speaks no TLS fails', async () => {
    await withReceiver(respondWith(200), async ({ port, calls }) => {
      const outcome = await send(port, { url: `https://127.0.0.1:${port}/?${QUERY}` })
      expect(outcome).toMatchObject({ kind: 'failed', status: null, retryAfterMs: null })
      expect(calls).toEqual([])
    })
  })
})

describe('a private address', () => {
  const hosts = ['127.0.0.1', 'localhost', '[::1]', '[::ffff:127.0.0.1]', '2130706433', '0.0.0.0', '[::]']

  test.each(hosts)('%s is refused', async host => {
    await withReceiver(
      respondWith(200),
      async ({ port, calls }) => {
        const outcome = await send(port, { url: `http://${host}:${port}/hook?${QUERY}` }, { allowPrivate: false })
        expect(outcome).toEqual({
          kind: 'refused',
          status: null,
          reason: expect.stringContaining('WEBHOOK_ALLOW_PRIVATE'),
        })
        expect(calls).toEqual([])
      },
      'every address',
    )
  })

  test.each(['https://127.0.0.1/', 'https://localhost/', 'http://169.254.169.254/latest', 'http://10.0.0.1/'])(
    '%s is refused',
    async url => expect(await send(0, { url }, { allowPrivate: false })).toMatchObject({ kind: 'refused' }),
  )

  test.each(['127.0.0.1', 'localhost', '0.0.0.0'])('%s is called where that is allowed', async host => {
    await withReceiver(
      respondWith(200),
      async ({ port, calls }) => {
        expect(await send(port, { url: `http://${host}:${port}/` })).toEqual({ kind: 'delivered', status: 200 })
        expect(calls).toHaveLength(1)
      },
      'every address',
    )
  })
})

describe('a configuration that cannot work', () => {
  test.each(['', 'hook', '//127.0.0.1/', 'ftp://127.0.0.1/', 'file:///etc/passwd', 'http://', 'http://u:p@127.0.0.1/'])(
    'the URL %j is refused',
    async url => expect(await send(0, { url })).toEqual({ kind: 'refused', status: null, reason: expect.any(String) }),
  )

  test.each(['', 'whsec_', 'whsec_???'])('the secret %j is refused', async secret => {
    expect(await send(0, { secret })).toEqual({
      kind: 'refused',
      status: null,
      reason: 'the secret is not whsec_ and base64',
    })
  })
})

describe('a receiver that repeats credentials', () => {
  test.each([
    ['the secret', SECRET],
    ['the key', KEY],
    ['the secret in JSON with escaped slashes', JSON.stringify({ secret: SECRET }).replaceAll('/', '\\/')],
    ['the key at the cut', `${'x'.repeat(180)}${KEY}`],
    ['the query', `Cannot POST /hook?${QUERY}`],
    ['the query in HTML', `Cannot POST /hook?${QUERY.replace('&', '&amp;')}`],
  ])('finds %s hidden', async (_, body) => {
    const outcome = await outcomeOf(respondWith(400, {}, body))
    expect(outcome).toMatchObject({ kind: 'failed', status: 400, reason: expect.stringContaining('[hid') })
    expect(JSON.stringify(outcome)).not.toContain(KEY.slice(0, 8))
  })
})

/** Sends a message and, whatever comes of it, makes sure that no outcome gives a credential away. */
async function send(
  port: number,
  message: Partial<WebhookMessage>,
  settings: Partial<WebhookSettings> = {},
  now?: Date,
): Promise<WebhookOutcome> {
  const outcome = await sendWebhook(
    {
      id: 'msg_1',
      url: `http://127.0.0.1:${port}/hook?${QUERY}`,
      secret: SECRET,
      type: 'deployment.requested',
      data: {},
      ...message,
    },
    { allowPrivate: true, ...settings },
    now,
  )
  const told = JSON.stringify(outcome)
  expect(told).not.toContain(KEY)
  expect(told).not.toContain('do-not-show-me')
  return outcome
}

function outcomeOf(respond: Respond): Promise<WebhookOutcome> {
  return withReceiver(respond, ({ port }) => send(port, {}))
}

function verify(call: Call | undefined): unknown {
  return new Webhook(SECRET).verify(call?.body ?? '', (call?.headers ?? {}) as Record<string, string>)
}

function respondWith(status: number, headers: Record<string, string> = {}, body = ''): Respond {
  return response => response.writeHead(status, headers).end(body)
}

/** Has a server for as long as the callback takes. On every address it can be reached by any name of this machine. */
async function withReceiver<T>(
  respond: Respond,
  use: (receiver: Receiver) => Promise<T>,
  listen: '127.0.0.1' | 'every address' = '127.0.0.1',
): Promise<T> {
  const calls: Call[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = await request.toArray()
    const { method, url, headers } = request
    const call = { method, url, headers, body: Buffer.concat(chunks).toString() }
    calls.push(call)
    respond(response, call)
  })
  await new Promise<void>(resolve =>
    server.listen({ port: 0, ...(listen === '127.0.0.1' && { host: listen }) }, resolve),
  )
  try {
    return await use({ port: (server.address() as AddressInfo).port, calls })
  } finally {
    await new Promise<unknown>(resolve => {
      server.close(resolve)
      server.closeAllConnections()
    })
  }
}
