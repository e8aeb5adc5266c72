import { PrismaPg } from '@prisma/adapter-pg'
import pg from 'pg'
import type { Logger } from 'pino'
import { PrismaClient } from './generated/client.js'
import { statementNames } from './statement-names.js'

/** Prisma's client, and the connections that it works on. */
export type Database = PrismaClient & { readonly pool: pg.Pool }

/** At most so many connections are open to the database at once. */
const CONNECTIONS = 10
/** Calls that wait for the same environment stand in line for a connection; they are short, so the line may be long. */
const CONNECTION_PATIENCE_MS = 20_000

/** A connection is replaced after so long, and what PostgreSQL keeps for it, such as prepared statements, is let go. */
const CONNECTION_LIFETIME_SECONDS = 1_800

/**
 * JSON tells times in the zone of the session, and they are read fastest in this one. All statements look up few rows by
 * index, most of them in memory: with the planner's default, a page is so dear that it would rather read small tables
 * whole, again and again. None runs long enough to be compiled.
 */
const SESSION = "SET TimeZone = 'UTC'; SET random_page_cost = 1.1; SET jit = off"

/** Opens the database. Connections are made when they are needed, and again after they were lost. */
export function openDatabase(url: string, log: Logger): Database {
  const pool = new pg.Pool({
    connectionString: url,
    max: CONNECTIONS,
    connectionTimeoutMillis: CONNECTION_PATIENCE_MS,
    maxLifetimeSeconds: CONNECTION_LIFETIME_SECONDS,
    application_name: 'slipway',
    // The pool waits for what this promises.
    onConnect: client => client.query(SESSION) as unknown as undefined,
  })
  pool.on('error', error => log.warn({ err: error }, 'An idle database connection was lost'))
  const nameOf = statementNames('prisma')
  const adapter = new PrismaPg(pool, {
    statementNameGenerator: ({ sql }) => nameOf(sql),
    onConnectionError: error => log.warn({ err: error }, 'A database connection was lost'),
  })
  return Object.assign(new PrismaClient({ adapter }), { pool })
}

/** Closes it: Prisma first, then the connections, which may have been used without it. */
export async function closeDatabase(database: Database): Promise<void> {
  await database.$disconnect()
  await database.pool.end()
}
