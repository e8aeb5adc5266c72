// Codes of Prisma (P…), of PostgreSQL (class 08: connection exception, 53: insufficient resources, 57P: operator
// intervention) and of the operating system that mean: the database cannot be reached or cannot serve now.
const PRISMA_CODES = new Set(['P1000', 'P1001', 'P1002', 'P1003', 'P1008', 'P1011', 'P1017', 'P2024', 'P2028', 'P2037'])
const POSTGRES_CODES = /^(08...|53...|57P..)$/
const SYSTEM_CODES = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ENOTFOUND', 'ETIMEDOUT', 'ENOENT', 'EAI_AGAIN'])
const DRIVER_KINDS = new Set([
  'AuthenticationFailed',
  'ConnectionClosed',
  'DatabaseNotReachable',
  'SocketTimeout',
  'TlsConnectionError',
  'TooManyConnections',
])
const DRIVER_MESSAGES =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection)/

/** Whether an error says that the database, not the statement, is at fault: trying again later may succeed. */
export function isDatabaseUnavailable(error: unknown): boolean {
  return withCauses(error).some(({ code, originalCode, kind, message }) => {
    const codes = [code, originalCode].filter(value => typeof value === 'string')
    return (
      codes.some(text => PRISMA_CODES.has(text) || SYSTEM_CODES.has(text) || POSTGRES_CODES.test(text)) ||
      (typeof kind === 'string' && DRIVER_KINDS.has(kind)) ||
      (typeof message === 'string' && DRIVER_MESSAGES.test(message))
    )
  })
}

/** PostgreSQL's codes for text, plain or in JSON, that it cannot keep: the NUL character is the one that JSON lets through. */
const TEXT_CODES: ReadonlySet<unknown> = new Set(['22021', '22P05'])

/** Whether the database refused a text for a character that it cannot keep. */
export function isTextRefused(error: unknown): boolean {
  return withCauses(error).some(({ code, originalCode }) => TEXT_CODES.has(code) || TEXT_CODES.has(originalCode))
}

interface Fault {
  readonly code?: unknown
  readonly originalCode?: unknown
  readonly kind?: unknown
  readonly message?: unknown
  readonly cause?: unknown
  readonly meta?: { readonly driverAdapterError?: unknown }
}

/** An error and all that led to it: Prisma keeps the driver's own, where there is one, beside the usual cause. */
function withCauses(error: unknown): Fault[] {
  if (typeof error !== 'object' || error === null) return []
  const fault: Fault = error
  return [fault, ...withCauses(fault.cause), ...withCauses(fault.meta?.driverAdapterError)]
}
