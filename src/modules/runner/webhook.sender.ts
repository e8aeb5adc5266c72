import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { RequestFilteringHttpAgent, RequestFilteringHttpsAgent } from 'request-filtering-agent'
import { Webhook } from 'standardwebhooks'
import { retryAfterMs } from './retry-after.rules.js'

const DEFAULT_TIMEOUT_MS = 15_000
const MOST_BYTES_READ = 64 * 1_024
const LONGEST_EXCERPT = 200
/** A shorter value of the query is no credential, and may well be a word that the answer needs. */
const SHORTEST_HIDDEN_VALUE = 8

/** What is sent, and where to. */
export interface WebhookMessage {
  /** The same on every try. */
  readonly id: string
  readonly url: string
  /** `whsec_…` */
  readonly secret: string
  /** Such as `deployment.requested`. */
  readonly type: string
  readonly data: object
}

/** How webhooks are sent from here. */
export interface WebhookSettings {
  /** Whether private, loopback and link-local addresses may be called. */
  readonly allowPrivate: boolean
  /** For the whole exchange; 15 seconds by default. */
  readonly timeoutMs?: number
}

/** What came of one try. No reason has the secret in it, nor the query of the URL. */
export type WebhookOutcome =
  | { readonly kind: 'delivered'; readonly status: number }
  /** The receiver wants nothing sent there again. */
  | { readonly kind: 'gone'; readonly status: number; readonly reason: string }
  /** Trying again is of no use before the configuration is another one. */
  | { readonly kind: 'refused'; readonly status: number | null; readonly reason: string }
  /** To be tried again, not before `retryAfterMs` if the receiver asks for that. */
  | {
      readonly kind: 'failed'
      readonly status: number | null
      readonly reason: string
      readonly retryAfterMs: number | null
    }

interface Exchange {
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

interface Answer {
  readonly status: number
  readonly retryAfter: string | undefined
  /** At most its first 64 KiB. */
  readonly body: string
}

class TimeoutError extends Error {}

/** Sends one message once (Standard Webhooks 1.0). What goes wrong on the way is an outcome, never an exception. */
export async function sendWebhook(
  message: WebhookMessage,
  settings: WebhookSettings,
  now: Date = new Date(),
  signal?: AbortSignal,
): Promise<WebhookOutcome> {
  const url = parseTarget(message.url)
  if (url === null) return refused('the URL is not an http or https URL without a user and a password')
  const body = JSON.stringify({ type: message.type, timestamp: now.toISOString(), data: message.data })
  const signature = sign(message, now, body)
  if (signature === null) return refused('the secret is not whsec_ and base64')
  const headers = {
    'content-type': 'application/json',
    'user-agent': 'slipway',
    'webhook-id': message.id,
    'webhook-timestamp': String(Math.floor(now.getTime() / 1_000)),
    'webhook-signature': signature,
  }
  const timeoutMs = settings.timeoutMs ?? DEFAULT_TIMEOUT_MS
  try {
    const answer = await exchange({ url, headers, body }, settings.allowPrivate, timeoutMs, signal)
    return judge(answer, now, text => hideCredentials(text, message.secret, url))
  } catch (error) {
    if (error instanceof TimeoutError) return unanswered(`no complete answer within ${timeoutMs} ms`)
    if (isFiltered(error)) {
      return refused(`${url.hostname} is at a private address, which only WEBHOOK_ALLOW_PRIVATE makes possible`)
    }
    return unanswered(`the connection failed: ${codeOf(error)}`)
  }
}

function parseTarget(text: string): URL | null {
  const url = URL.canParse(text) ? new URL(text) : null
  return url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '' ? url : null
}

function sign({ secret, id }: WebhookMessage, now: Date, body: string): string | null {
  try {
    return new Webhook(secret).sign(id, now, body)
  } catch {
    return null
  }
}

async function exchange(
  { url, headers, body }: Exchange,
  allowPrivate: boolean,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<Answer> {
  // An unspecified address (0.0.0.0) is one more name of this machine, so it is allowed and refused with the others.
  const filter = { keepAlive: false, allowPrivateIPAddress: allowPrivate, allowMetaIPAddress: allowPrivate }
  const request =
    url.protocol === 'https:'
      ? httpsRequest(url, { method: 'POST', headers, agent: new RequestFilteringHttpsAgent(filter) })
      : httpRequest(url, { method: 'POST', headers, agent: new RequestFilteringHttpAgent(filter) })
  let isLate = false
  const giveUp = () => {
    isLate = true
    request.destroy()
  }
  const timer = setTimeout(giveUp, timeoutMs)
  signal?.addEventListener('abort', giveUp, { once: true })
  try {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      request.on('response', resolve).on('error', reject).end(body)
    })
    const read = await readStart(response)
    return { status: response.statusCode ?? 0, retryAfter: response.headers['retry-after'], body: read }
  } catch (error) {
    // What Node reports of a request that was destroyed depends on how far it had come.
    throw isLate ? new TimeoutError() : error
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', giveUp)
    request.destroy()
  }
}

async function readStart(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    size += chunk.length
    if (size >= MOST_BYTES_READ) break
  }
  return Buffer.concat(chunks).subarray(0, MOST_BYTES_READ).toString()
}

function judge({ status, retryAfter, body }: Answer, now: Date, hide: (text: string) => string): WebhookOutcome {
  if (status >= 200 && status < 300) return { kind: 'delivered', status }
  if (status === 410) return { kind: 'gone', status, reason: 'the receiver answered 410: it wants no more of them' }
  const isRedirect = status >= 300 && status < 400
  const answered = `the receiver answered ${status}${isRedirect ? ', and redirects are not followed' : ''}`
  // Hidden before it is cut, since half a secret would not be found.
  const excerpt = excerptOf(hide(body))
  const reason = excerpt === '' ? answered : `${answered}: ${excerpt}`
  return { kind: 'failed', status, reason, retryAfterMs: retryAfterMs(retryAfter, now) }
}

/** The start of a text in one line, without what a terminal or PostgreSQL (NUL) would stumble over. */
function excerptOf(text: string): string {
  const line = text.replaceAll(/[\s\p{C}]+/gu, ' ').trim()
  return Array.from(line).slice(0, LONGEST_EXCERPT).join('')
}

/** The receiver knows the secret and the query, so its answer may repeat them. */
function hideCredentials(text: string, secret: string, url: URL): string {
  const values = [...url.searchParams.values()].filter(value => value.length >= SHORTEST_HIDDEN_VALUE)
  const credentials = [secret, secret.replace(/^whsec_/, ''), url.search, ...values].filter(given => given !== '')
  return credentials.reduce(
    (hidden, credential) => hidden.replaceAll(credential, '[hidden]'),
    text.replaceAll(/whsec_[^\s"'<>]*/g, '[hidden]'),
  )
}

/** The agent's errors have neither a class nor a code of their own. */
function isFiltered(error: unknown): boolean {
  return error instanceof Error && /^DNS lookup .* is not allowed\. Because/.test(error.message)
}

/** Only the code: what a message consists of is up to Node and OpenSSL. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}

function refused(reason: string): WebhookOutcome {
  return { kind: 'refused', status: null, reason }
}

function unanswered(reason: string): WebhookOutcome {
  return { kind: 'failed', status: null, reason, retryAfterMs: null }
}
