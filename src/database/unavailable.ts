import { Prisma } from './generated/client.js'

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
  if (!(error instanceof Error)) return false
  if (error instanceof Prisma.PrismaClientInitializationError) return true
  const { code, kind, originalCode, cause } = error as Error & {
    code?: unknown
    kind?: unknown
    originalCode?: unknown
    cause?: unknown
  }
  const codes = [code, originalCode].filter(value => typeof value === 'string')
  return (
    codes.some(value => PRISMA_CODES.has(value) || POSTGRES_CODES.test(value) || SYSTEM_CODES.has(value)) ||
    (typeof kind === 'string' && DRIVER_KINDS.has(kind)) ||
    DRIVER_MESSAGES.test(error.message) ||
    isDatabaseUnavailable(cause) ||
    isUnavailableDriverCause(cause)
  )
}

/** The driver adapter describes a fault by a plain object as the error's cause. */
function isUnavailableDriverCause(cause: unknown): boolean {
  if (typeof cause !== 'object' || cause === null || cause instanceof Error) return false
  const { kind, originalCode } = cause as { kind?: unknown; originalCode?: unknown }
  return (
    (typeof kind === 'string' && DRIVER_KINDS.has(kind)) ||
    (typeof originalCode === 'string' && (POSTGRES_CODES.test(originalCode) || SYSTEM_CODES.has(originalCode)))
  )
}
