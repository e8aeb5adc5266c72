import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { useSlipway } from '../../support/slipway.js'
import { testToken } from '../../support/token.js'

const slipway = useSlipway({ patience: { requestMs: 600, headersMs: 300, checkMs: 50 } })

/** Sends some bytes and then one more every so often, as long as the server reads them; answers all that it was told. */
async function speak(head: string): Promise<{ status: string; body: Record<string, unknown> }> {
  const { hostname, port } = new URL(slipway.url)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => {})
  socket.write(head)
  const timer = setInterval(() => socket.write('x'), 20)
  try {
    const answer = await text(socket)
    const [first = '', body = ''] = [answer.split('\r\n')[0], answer.split('\r\n\r\n')[1]]
    return { status: first, body: JSON.parse(body) as Record<string, unknown> }
  } finally {
    clearInterval(timer)
    socket.destroy()
  }
}

const LARGE = 2 * 1024 * 1024

/** Sends the head of a request whose body is too large, waits for the answer, and then goes on with `rest`. */
async function refused(rest: string): Promise<string> {
  const { hostname, port } = new URL(slipway.url)
  const socket = connect(Number(port), hostname)
  socket.write(
    `POST /graphql HTTP/1.1\r\n${authorized}Content-Type: application/json\r\nContent-Length: ${LARGE}\r\n\r\n`,
  )
  const [first] = (await once(socket, 'data')) as [Buffer]
  socket.write(rest)
  return first.toString() + (await text(socket))
}

const authorized = `Host: x\r\nAuthorization: Bearer ${testToken()}\r\n`

describe('a connection is closed, with an answer', () => {
  test.each([
    [
      'a body that comes byte by byte',
      `POST /graphql HTTP/1.1\r\n${authorized}Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n{`,
    ],
    ['headers that come byte by byte', 'GET /graphql HTTP/1.1\r\nHost: x\r\nX-Slow: '],
  ])('after %s', async (_what, head) => {
    expect(await speak(head)).toEqual({
      status: 'HTTP/1.1 408 Request Timeout',
      body: { error: 'The request did not arrive in time', code: 'REQUEST_TIMEOUT' },
    })
  })

  test('after headers of more than 16 KiB', async () => {
    expect(await speak(`GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(17_000)}\r\n\r\n`)).toEqual({
      status: 'HTTP/1.1 431 Request Header Fields Too Large',
      body: { error: 'The URL and the headers are larger than 16 KiB', code: 'HEAD_TOO_LARGE' },
    })
  })

  test.each(['hello\r\n\r\n', 'GET / HTTP/9.9\r\n\r\n', 'GET  /a b HTTP/1.1\r\n\r\n', '\x16\x03\x01\x02\x00'])(
    'after %j',
    async head => {
      expect(await speak(head)).toMatchObject({ status: 'HTTP/1.1 400 Bad Request', body: { code: 'INVALID_HTTP' } })
    },
  )
})

describe('a request that is refused before it has arrived', () => {
  test('is answered, and the connection is kept for the next one', async () => {
    const answers = await refused(`${'x'.repeat(LARGE)}GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
    expect(answers).toMatch(/^HTTP\/1\.1 413 .*BODY_TOO_LARGE.*HTTP\/1\.1 200 OK.*"ok"/s)
  })

  test('is not waited for longer than for any other', async () => {
    expect(await refused('x')).toMatch(/^HTTP\/1\.1 413 .*BODY_TOO_LARGE/s)
  })
})
