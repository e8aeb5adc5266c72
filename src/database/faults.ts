import { SlipwayError } from '../core/errors.js'

/** What an error of the database means for whoever asked. */
export type Fault =
  /** It ran into another transaction, and would succeed on its own. */
  | 'conflict'
  /** It took longer than it may. */
  | 'too slow'
  /** The database cannot do it now; the connection is as good as before. */
  | 'busy'
  /** The database, or the connection to it, is gone. Other connections may be, too. */
  | 'lost'
  /** The database takes no changes. A session keeps what it was given at its start, also when the database takes them again. */
  | 'read-only'
  /** A text has a character that PostgreSQL does not take. */
  | 'text'
  /** A value is larger than PostgreSQL takes it. */
  | 'size'

/** PostgreSQL's codes (appendix A of its manual), each by the longest beginning that is here. Any other is a fault of ours. */
const SQLSTATES: Readonly<Record<string, Fault>> = {
  '08': 'lost', // connection exception
  '22001': 'size', // string_data_right_truncation
  '22003': 'size', // numeric_value_out_of_range
  '22008': 'size', // datetime_field_overflow
  '22021': 'text', // character_not_in_repertoire: U+0000 in text
  '22P05': 'text', // untranslatable_character: U+0000 in JSON, or what the database's encoding does not have
  '25006': 'read-only', // read_only_sql_transaction
  '25P02': 'lost', // in_failed_sql_transaction: what failed in it was told to somebody else
  '25P03': 'lost', // idle_in_transaction_session_timeout
  '25P04': 'lost', // transaction_timeout
  '28': 'lost', // invalid authorization: the password was changed
  '3D000': 'lost', // invalid_catalog_name: the database is gone
  '40001': 'conflict', // serialization_failure
  '40P01': 'conflict', // deadlock_detected
  '53': 'busy', // insufficient resources: too many connections, disk full, out of memory
  '54000': 'size', // program_limit_exceeded: a row of an index
  '55P03': 'busy', // lock_not_available: lock_timeout
  '57014': 'too slow', // query_canceled: statement_timeout
  '57P': 'lost', // operator intervention: shutdown, crash, recovery
  '58': 'busy', // system error: input or output
}

/** What Prisma, Node.js and the system say without a code of PostgreSQL. */
const OTHER_CODES: Readonly<Record<string, Fault>> = {
  P1000: 'lost',
  P1001: 'lost',
  P1002: 'lost',
  P1003: 'lost',
  P1008: 'lost',
  P1011: 'lost',
  P1017: 'lost',
  P2024: 'busy',
  P2028: 'lost',
  P2034: 'conflict',
  P2037: 'busy',
  ECONNREFUSED: 'lost',
  ECONNRESET: 'lost',
  EPIPE: 'lost',
  ENOTFOUND: 'lost',
  ETIMEDOUT: 'lost',
  EHOSTUNREACH: 'lost',
  ENETUNREACH: 'lost',
  ENOENT: 'lost', // the socket's file
  EAI_AGAIN: 'lost',
}
/** Names that Prisma's driver adapter gives to errors. */
const DRIVER_KINDS: Readonly<Record<string, Fault>> = {
  AuthenticationFailed: 'lost',
  ConnectionClosed: 'lost',
  DatabaseNotReachable: 'lost',
  SocketTimeout: 'lost',
  TlsConnectionError: 'lost',
  TooManyConnections: 'busy',
  TransactionWriteConflict: 'conflict',
}
/** What pg says, which has no codes. */
const DRIVER_MESSAGES: readonly (readonly [beginning: string, Fault])[] = [
  ['Connection terminated', 'lost'],
  ['Client has encountered a connection error', 'lost'],
  ['Query read timeout', 'lost'],
  ['timeout expired', 'lost'],
  ['timeout exceeded when trying to connect', 'busy'],
]

/** What an error of the database, or one that it caused, means; null: the error is none of the database's. */
export function faultOf(error: unknown): Fault | null {
  for (const { code, originalCode, kind, message } of withCauses(error)) {
    const found = faultOfCode(code) ?? faultOfCode(originalCode) ?? faultOfKind(kind) ?? faultOfMessage(message)
    if (found !== null) return found
  }
  return null
}

/** Whether an error says that the database, not what was asked of it, is at fault: trying again later may succeed. */
export function isDatabaseUnavailable(error: unknown): boolean {
  const fault = faultOf(error)
  return fault === 'conflict' || fault === 'busy' || fault === 'lost' || fault === 'read-only'
}

function faultOfCode(code: unknown): Fault | null {
  if (typeof code !== 'string') return null
  const known = OTHER_CODES[code]
  if (known !== undefined || !/^[0-9A-Z]{5}$/.test(code)) return known ?? null
  return SQLSTATES[code] ?? SQLSTATES[code.slice(0, 3)] ?? SQLSTATES[code.slice(0, 2)] ?? null
}

function faultOfKind(kind: unknown): Fault | null {
  return typeof kind === 'string' ? (DRIVER_KINDS[kind] ?? null) : null
}

function faultOfMessage(message: unknown): Fault | null {
  if (typeof message !== 'string') return null
  return DRIVER_MESSAGES.find(([beginning]) => message.startsWith(beginning))?.[1] ?? null
}

interface Thrown {
  readonly code?: unknown
  readonly originalCode?: unknown
  readonly kind?: unknown
  readonly message?: unknown
  readonly cause?: unknown
  readonly meta?: { readonly driverAdapterError?: unknown }
}

/**
 * An error and all that led to it: Prisma keeps the driver's own, where there is one, beside the usual cause. What an error
 * of ours was caused by, such as a git server that is away, need not be the database's.
 */
function withCauses(error: unknown): Thrown[] {
  if (typeof error !== 'object' || error === null || error instanceof SlipwayError) return []
  const thrown: Thrown = error
  return [thrown, ...withCauses(thrown.cause), ...withCauses(thrown.meta?.driverAdapterError)]
}
