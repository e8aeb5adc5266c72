import { PrismaPg } from '@prisma/adapter-pg'
import type { Logger } from 'pino'
import { USUAL_CONNECTIONS } from '../core/config.js'
import { PrismaClient } from './generated/client.js'
import { QueryQueue } from './query-queue.js'
import { RenewablePool } from './renewable-pool.js'
import { statementNames } from './statement-names.js'
import { Turns } from './turns.js'

/** Prisma's client, and the connections that it works on. */
export type Database = PrismaClient & {
  /** For everything that must go on however many queries are asked: changes, reports. Prisma works on them. */
  readonly pool: RenewablePool
  /** For the queries of dashboards alone. */
  readonly queryPool: RenewablePool
  /** In which order they get them. */
  readonly queryQueue: QueryQueue
  /** One connection to find out whether the database can be worked with, however much it is worked with. */
  readonly probe: RenewablePool
  readonly turns: Turns
}

/** How long anybody stands in line for a connection. */
const CONNECTION_PATIENCE_MS = 20_000
/** A connection is replaced after so long, and what PostgreSQL keeps for it, such as prepared statements, is let go. */
const CONNECTION_LIFETIME_SECONDS = 1_800
/** Who asks whether the server is ready does not wait longer. */
const PROBE_PATIENCE_MS = 2_000
/** The probe must find out what a new session is given, such as that it may only read. */
const PROBE_LIFETIME_SECONDS = 10

/** Of the connections for requests, three eighths are for queries, and at least one for either. */
export function splitConnections(total: number): { readonly queries: number; readonly work: number } {
  const queries = Math.max(1, Math.floor((total * 3) / 8))
  return { queries, work: total - queries }
}

/**
 * How many transactions that lock the same row are under way at once: one has the lock and the next one already waits
 * for it, where there are connections enough for others beside them.
 */
function atOnceInTurn(connections: number): number {
  return connections < 6 ? 1 : 2
}

/** Opens the database. Connections are made when they are needed, and again after they were lost. */
export function openDatabase(url: string, log: Logger, connections = USUAL_CONNECTIONS): Database {
  const { queries, work } = splitConnections(connections)
  const open = (purpose: 'queries' | 'work' | 'probe', max: number, patienceMs: number, lifetimeSeconds: number) => {
    const pool = new RenewablePool(url, purpose, 'slipway', {
      max,
      connectionTimeoutMillis: patienceMs,
      maxLifetimeSeconds: lifetimeSeconds,
    })
    pool.on('error', error => log.warn({ err: error }, 'An idle database connection was lost'))
    return pool
  }
  const pool = open('work', work, CONNECTION_PATIENCE_MS, CONNECTION_LIFETIME_SECONDS)
  const nameOf = statementNames('prisma')
  const adapter = new PrismaPg(pool, {
    statementNameGenerator: ({ sql }) => nameOf(sql),
    onConnectionError: error => log.warn({ err: error }, 'A database connection was lost'),
  })
  return Object.assign(new PrismaClient({ adapter }), {
    pool,
    queryPool: open('queries', queries, CONNECTION_PATIENCE_MS, CONNECTION_LIFETIME_SECONDS),
    queryQueue: new QueryQueue(queries),
    probe: open('probe', 1, PROBE_PATIENCE_MS, PROBE_LIFETIME_SECONDS),
    turns: new Turns(atOnceInTurn(work)),
  })
}

/** Closes it: Prisma first, then the connections, which may have been used without it. */
export async function closeDatabase(database: Database): Promise<void> {
  await database.$disconnect()
  await Promise.all([database.pool, database.queryPool, database.probe].map(pool => pool.end()))
}
