import type { Random } from '../support/random.js'
import { hostileText } from './hostile-values.js'

/** What is asked, before it is put on the wire. */
export interface HostileRequest {
  readonly method: string
  readonly path: string
  /** As JSON; undefined: none. */
  readonly body: unknown
}

export interface WireRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | null
}

const TYPES = [
  'application/json; charset=utf-8',
  'application/json;charset=latin1',
  'text/plain',
  'application/graphql',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'x',
  '',
]
const ACCEPTED = [
  '*/*',
  'text/html',
  'application/graphql-response+json',
  'text/event-stream',
  'application/json;q=0',
  'x',
  ';;;',
  'multipart/mixed;deferSpec=20220824',
]

/** Puts a request on the wire with headers that may be wrong, too. */
export function wireRequest(
  { method, path, body }: HostileRequest,
  tokens: readonly string[],
  random: Random,
): WireRequest {
  const headers: Record<string, string> = {}
  if (!random.chance(0.05)) headers['authorization'] = `Bearer ${random.pick(tokens)}`
  else if (random.chance(0.7))
    headers['authorization'] = random.pick([
      'Bearer',
      'Bearer x',
      'Basic YTpi',
      'bearer a.b.c',
      `Bearer ${'x'.repeat(5_000)}`,
    ])
  if (body !== undefined) headers['content-type'] = random.chance(0.96) ? 'application/json' : random.pick(TYPES)
  if (random.chance(0.1)) headers['accept'] = random.pick(ACCEPTED)
  if (random.chance(0.1))
    headers['idempotency-key'] = random.chance(0.8) ? `key-${random.between(1, 50)}` : headerText(random)
  if (random.chance(0.03))
    headers['if-none-match'] = random.pick([
      '*',
      '"x"',
      'W/"a", "b"',
      Array.from({ length: 50 }, () => `"${random.hex(20)}"`).join(','),
    ])
  if (random.chance(0.02)) headers['content-encoding'] = random.pick(['gzip', 'br', 'identity', 'x'])
  if (random.chance(0.02))
    headers[
      random.pick([
        'x-forwarded-for',
        'x-request-id',
        'cookie',
        'origin',
        'apollo-require-preflight',
        'x-http-method-override',
      ])
    ] = headerText(random)
  const hasBody = body !== undefined && method !== 'GET'
  return { method, path, headers, body: hasBody ? damaged(JSON.stringify(body) ?? '', random) : null }
}

/** Seldom it is not the JSON that it was. */
function damaged(text: string, random: Random): string {
  if (!random.chance(0.03)) return text
  return random.pick([
    text.slice(0, text.length / 2),
    `${text}${text}`,
    '',
    '{',
    `\ufeff${text}`,
    text.replace('"', "'"),
  ])
}

/** What a header can hold. */
function headerText(random: Random): string {
  return hostileText(random)
    .replaceAll(/[^\x20-\x7e]/g, '')
    .trim()
    .slice(0, 5_000)
}
