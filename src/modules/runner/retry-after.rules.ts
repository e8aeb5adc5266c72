const LONGEST_MS = 24 * 3_600_000

/** Reads `Retry-After` (RFC 9110, section 10.2.3): seconds or a date; null when there is none or it cannot be read. */
export function retryAfterMs(header: string | null | undefined, now: Date): number | null {
  const text = header?.trim() ?? ''
  const isDate = /^[A-Z][a-z]+, .+ GMT$/.test(text)
  const ms = /^\d+$/.test(text) ? Number(text) * 1_000 : isDate ? Date.parse(text) - now.getTime() : Number.NaN
  return Number.isNaN(ms) ? null : Math.min(Math.max(ms, 0), LONGEST_MS)
}
