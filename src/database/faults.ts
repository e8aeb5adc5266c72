/** What an error of the database means for whoever asked. */
export type Fault =
  /** It ran into another transaction, and would succeed on its own. */
  | 'conflict'
  /** It took longer than it may. */
  | 'too slow'
  /** The database cannot be reached, or cannot do it now. */
  | 'unavailable'
  /** The same, and the session that told it may go on refusing what others would do. */
  | 'read-only'
  /** A text has a character that PostgreSQL does not take. */
  | 'text'
  /** A value is larger than PostgreSQL takes it. */
  | 'size'

/** PostgreSQL's codes (appendix A of its manual), each by the longest beginning that is here. Any other is a fault of ours. */
const SQLSTATES: Readonly<Record<string, Fault>> = {
  '08': 'unavailable', // connection exception
  '22001': 'size', // string_data_right_truncation
  '22003': 'size', // numeric_value_out_of_range
  '22008': 'size', // datetime_field_overflow
  '22021': 'text', // character_not_in_repertoire: U+0000 in text
  '22P02': 'text', // invalid_text_representation: half of a surrogate pair in JSON
  '22P05': 'text', // untranslatable_character: U+0000 in JSON
  '25006': 'read-only', // read_only_sql_transaction
  '25P03': 'unavailable', // idle_in_transaction_session_timeout
  '28': 'unavailable', // invalid authorization: the password was changed
  '3D000': 'unavailable', // invalid_catalog_name: the database is gone
  '40001': 'conflict', // serialization_failure
  '40P01': 'conflict', // deadlock_detected
  '53': 'unavailable', // insufficient resources: too many connections, disk full
  '54000': 'size', // program_limit_exceeded: a row of an index
  '55P03': 'unavailable', // lock_not_available: lock_timeout
  '57014': 'too slow', // query_canceled: statement_timeout
  '57P': 'unavailable', // operator intervention: shutdown, crash, recovery
  '58': 'unavailable', // system error: input or output
}

/** What Prisma, its driver adapter, Node.js and pg say without a code of PostgreSQL. */
const OTHER_CODES: Readonly<Record<string, Fault>> = {
  P1000: 'unavailable',
  P1001: 'unavailable',
  P1002: 'unavailable',
  P1003: 'unavailable',
  P1008: 'unavailable',
  P1011: 'unavailable',
  P1017: 'unavailable',
  P2024: 'unavailable',
  P2028: 'unavailable',
  P2034: 'conflict',
  P2037: 'unavailable',
  ECONNREFUSED: 'unavailable',
  ECONNRESET: 'unavailable',
  EPIPE: 'unavailable',
  ENOTFOUND: 'unavailable',
  ETIMEDOUT: 'unavailable',
  EHOSTUNREACH: 'unavailable',
  ENETUNREACH: 'unavailable',
  ENOENT: 'unavailable',
  EAI_AGAIN: 'unavailable',
}
const DRIVER_KINDS: Readonly<Record<string, Fault>> = {
  AuthenticationFailed: 'unavailable',
  ConnectionClosed: 'unavailable',
  DatabaseNotReachable: 'unavailable',
  SocketTimeout: 'unavailable',
  TlsConnectionError: 'unavailable',
  TooManyConnections: 'unavailable',
  TransactionWriteConflict: 'conflict',
}
const DRIVER_MESSAGES =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection|Query read timeout)/

/** What an error of the database, or one that it caused, means; null: the error is none of the database's. */
export function faultOf(error: unknown): Fault | null {
  for (const { code, originalCode, kind, message } of withCauses(error)) {
    const found =
      [code, originalCode].map(faultOfCode).find(fault => fault !== null) ??
      (typeof kind === 'string' ? DRIVER_KINDS[kind] : undefined) ??
      (typeof message === 'string' && DRIVER_MESSAGES.test(message) ? 'unavailable' : undefined)
    if (found !== undefined) return found
  }
  return null
}

function faultOfCode(code: unknown): Fault | null {
  if (typeof code !== 'string') return null
  const state = /^[0-9A-Z]{5}$/.test(code) ? code : ''
  return OTHER_CODES[code] ?? SQLSTATES[state] ?? SQLSTATES[state.slice(0, 3)] ?? SQLSTATES[state.slice(0, 2)] ?? null
}

interface Thrown {
  readonly code?: unknown
  readonly originalCode?: unknown
  readonly kind?: unknown
  readonly message?: unknown
  readonly cause?: unknown
  readonly meta?: { readonly driverAdapterError?: unknown }
}

/** An error and all that led to it: Prisma keeps the driver's own, where there is one, beside the usual cause. */
function withCauses(error: unknown): Thrown[] {
  if (typeof error !== 'object' || error === null) return []
  const thrown: Thrown = error
  return [thrown, ...withCauses(thrown.cause), ...withCauses(thrown.meta?.driverAdapterError)]
}
