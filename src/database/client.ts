import { PrismaPg } from '@prisma/adapter-pg'
import type { Logger } from 'pino'
import { USUAL_CONNECTIONS } from '../core/config.js'
import { RenewablePool } from './connection.js'
import { PrismaClient } from './generated/client.js'
import { statementNames } from './statement-names.js'

/** Prisma's client, and the connections that it works on. */
export type Database = PrismaClient & {
  /** For everything that must go on however many queries are asked: changes, reports, health. Prisma works on them. */
  readonly pool: RenewablePool
  /** For the queries of dashboards alone. */
  readonly queryPool: RenewablePool
}

/** Calls that wait for the same environment stand in line for a connection; they are short, so the line may be long. */
const CONNECTION_PATIENCE_MS = 20_000

/** A connection is replaced after so long, and what PostgreSQL keeps for it, such as prepared statements, is let go. */
const CONNECTION_LIFETIME_SECONDS = 1_800

/** Of the connections for requests, three eighths are for queries. */
function splitConnections(total: number): { readonly queries: number; readonly work: number } {
  const queries = Math.max(1, Math.floor((total * 3) / 8))
  return { queries, work: total - queries }
}

/** Opens the database. Connections are made when they are needed, and again after they were lost. */
export function openDatabase(url: string, log: Logger, connections = USUAL_CONNECTIONS): Database {
  const { queries, work } = splitConnections(connections)
  const open = (purpose: 'queries' | 'work', max: number) => {
    const pool = new RenewablePool(url, purpose, 'slipway', {
      max,
      connectionTimeoutMillis: CONNECTION_PATIENCE_MS,
      maxLifetimeSeconds: CONNECTION_LIFETIME_SECONDS,
    })
    pool.on('error', error => log.warn({ err: error }, 'An idle database connection was lost'))
    return pool
  }
  const pool = open('work', work)
  const nameOf = statementNames('prisma')
  const adapter = new PrismaPg(pool, {
    statementNameGenerator: ({ sql }) => nameOf(sql),
    onConnectionError: error => log.warn({ err: error }, 'A database connection was lost'),
  })
  return Object.assign(new PrismaClient({ adapter }), { pool, queryPool: open('queries', queries) })
}

/** Closes it: Prisma first, then the connections, which may have been used without it. */
export async function closeDatabase(database: Database): Promise<void> {
  await database.$disconnect()
  await Promise.all([database.pool.end(), database.queryPool.end()])
}
