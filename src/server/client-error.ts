import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { type ErrorReason, SlipwayError } from '../core/errors.js'

/** What Node.js finds wrong with a request before it hands it over. Anything else is not HTTP. */
const REASONS: Readonly<Record<string, ErrorReason>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 'REQUEST_TIMEOUT',
  HPE_HEADER_OVERFLOW: 'HEAD_TOO_LARGE',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 'BODY_TOO_LARGE',
}

/** Answers a request that cannot be read to its end in the shape of the contract (section 2), and hangs up. */
export function answerClientError(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const { status, message, reason } = new SlipwayError(REASONS[error.code ?? ''] ?? 'INVALID_HTTP')
  const body = JSON.stringify({ error: message, code: reason })
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy())
}
