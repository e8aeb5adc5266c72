/** A call to a provider that did not end with the answer it should have. */
export interface ProviderFailure {
  readonly kind: 'failure'
  /** Whether the provider refused, or certainly was not asked, or may have done what it was asked for. */
  readonly certainty: 'refused' | 'not-done' | 'unclear'
  /** Of its answer; null when there was none. */
  readonly status: number | null
  /** What happened, in the provider's words if it said any. */
  readonly reason: string
  /** For how long it asks to be left alone. */
  readonly retryAfterMs: number | null
  /** Whether that is since the credential's rate is used up. */
  readonly isRateLimit: boolean
}

/** Failures of a connection that was never made: what was to be said over it was not heard. */
const NEVER_CONNECTED = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
])

/** Describes what became of a call when no answer came: the error of a `fetch`, with what led to it. */
export function connectionFailure(error: unknown, providerName: string): ProviderFailure {
  const none = { kind: 'failure', status: null, retryAfterMs: null, isRateLimit: false } as const
  const codes = causesOf(error).flatMap(({ code, name }) => [String(code), String(name)])
  const known = codes.find(code => NEVER_CONNECTED.has(code))
  if (known !== undefined) {
    return { ...none, certainty: 'not-done', reason: `${providerName} cannot be reached (${known})` }
  }
  const isTimeout = codes.some(code => code === 'TimeoutError' || code === 'AbortError')
  const reason = isTimeout ? `${providerName} did not answer in time` : `The connection to ${providerName} was lost`
  return { ...none, certainty: 'unclear', reason }
}

/** What a failure means for something that must be done once, and not twice. */
export function outcomeOnce(failure: ProviderFailure) {
  if (failure.certainty !== 'unclear' || failure.isRateLimit) return outcomeRepeatable(failure)
  return { kind: 'unclear' as const, reason: failure.reason }
}

/** What a failure means for something that does no harm when it is done twice. */
export function outcomeRepeatable(failure: ProviderFailure) {
  if (failure.certainty !== 'refused' || failure.isRateLimit) return outcomeLater(failure)
  return { kind: 'refused' as const, reason: failure.reason }
}

/** What a failure means for a question that is asked until it is answered. */
export function outcomeLater({ reason, retryAfterMs, isRateLimit }: ProviderFailure) {
  return { kind: 'later' as const, reason, retryAfterMs, isRateLimit }
}

function causesOf(error: unknown): { code?: unknown; name?: unknown }[] {
  if (typeof error !== 'object' || error === null) return []
  return [error, ...causesOf((error as { cause?: unknown }).cause)]
}
