import { PrismaPg } from '@prisma/adapter-pg'
import type { Logger } from 'pino'
import { PrismaClient } from './generated/client.js'

export type Database = PrismaClient

/** At most so many connections are open to the database at once. */
const CONNECTIONS = 10

/** Each prepared statement takes memory on every connection, and lists of keys make texts of many lengths. */
const PREPARED_STATEMENTS = 500

/** Opens the database. Connections are made when they are needed, and again after they were lost. */
export function openDatabase(url: string, log: Logger): Database {
  const adapter = new PrismaPg(
    { connectionString: url, max: CONNECTIONS, connectionTimeoutMillis: 5_000, application_name: 'slipway' },
    {
      statementNameGenerator: nameStatements(),
      onPoolError: error => log.warn({ err: error }, 'An idle database connection was lost'),
      onConnectionError: error => log.warn({ err: error }, 'A database connection was lost'),
    },
  )
  return new PrismaClient({ adapter })
}

/**
 * Names a statement by its text, so that PostgreSQL parses and plans it once for each connection: a third of a short
 * statement's time. What comes after the limit stays unnamed, which is right but slower.
 */
function nameStatements(): (query: { sql: string }) => string {
  const names = new Map<string, string>()
  return ({ sql }) => {
    const known = names.get(sql)
    if (known !== undefined) return known
    if (names.size >= PREPARED_STATEMENTS) return ''
    const name = `slipway_${names.size}`
    names.set(sql, name)
    return name
  }
}
