import { createHmac, timingSafeEqual } from 'node:crypto'

/** A signature that is older than this may have been recorded and sent again. */
const FRESH_MS = 5 * 60_000

/**
 * Checks how Buildkite shows that an event is its own: a token, or a signature with that token over the time and the body
 * (https://buildkite.com/docs/apis/webhooks/pipelines#webhook-signature).
 */
export function isSignedByBuildkite(
  token: string,
  headers: { readonly token: string | undefined; readonly signature: string | undefined },
  body: Buffer,
  now: Date,
): boolean {
  if (headers.signature === undefined) return headers.token !== undefined && isSame(headers.token, token)
  const parts = Object.fromEntries(headers.signature.split(',').map(part => part.trim().split('=', 2)))
  const { timestamp, signature } = parts as { timestamp?: string; signature?: string }
  if (!/^\d{1,12}$/.test(timestamp ?? '') || signature === undefined) return false
  if (Math.abs(now.getTime() - Number(timestamp) * 1_000) > FRESH_MS) return false
  return isSame(signature, createHmac('sha256', token).update(`${timestamp}.`).update(body).digest('hex'))
}

/** In a time that tells nothing of where they differ. */
function isSame(one: string, other: string): boolean {
  const [a, b] = [one, other].map(text => createHmac('sha256', 'compare').update(text).digest())
  return a !== undefined && b !== undefined && timingSafeEqual(a, b)
}
