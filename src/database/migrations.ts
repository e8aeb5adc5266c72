import { runMigrations } from 'graphile-worker'
import pg from 'pg'
import type { Logger } from 'pino'
import { StartupError } from '../core/startup-error.js'
import { connectionSettings, prepareSession } from './connection.js'
import { quietly } from './queue-logger.js'
import { RenewablePool } from './renewable-pool.js'
import { EVERYTHING, readMigrations, withSchemaEngine } from './schema-engine.js'

/** Names the advisory lock under which migrations are applied. Any number that nothing else in the database uses. */
const MIGRATION_LOCK = 7_547_929
const OLDEST_POSTGRES = 14

/**
 * Brings a database to the state of prisma/migrations/. Replicas that start together wait for the first one, and then
 * find nothing left to do. Prisma's own table of applied migrations is kept, so `prisma migrate` agrees with it. The job
 * queue lives in the same database, in a schema of its own, which it migrates itself.
 *
 * @throws StartupError when the database cannot be reached, or is older than PostgreSQL 14
 */
export async function migrate(databaseUrl: string, log: Logger): Promise<void> {
  const client = new pg.Client(connectionSettings(databaseUrl, 'migrations', 'slipway-migrations'))
  // A connection that is lost is told by the next statement on it.
  client.on('error', () => undefined)
  await client.connect().catch((error: Error) => {
    throw new StartupError(`The database cannot be reached: ${error.message}`)
  })
  const queue = new RenewablePool(databaseUrl, 'migrations', 'slipway-migrations', { max: 1 })
  try {
    await requireSupportedVersion(client)
    await prepareSession(client, 'migrations')
    await client.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK])
    const applied = await applyPending(client, databaseUrl)
    await runMigrations({ pgPool: queue, logger: quietly(log) })
    if (applied.length > 0) log.info({ migrations: applied }, 'The database was migrated')
  } finally {
    await queue.end()
    // The lock goes with its connection.
    await client.end()
  }
}

async function requireSupportedVersion(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ server_version_num: string; server_version: string }>(
    `SELECT current_setting('server_version_num') AS server_version_num,
            current_setting('server_version') AS server_version`,
  )
  const version = rows[0]
  if (version === undefined || Number(version.server_version_num) < OLDEST_POSTGRES * 10_000) {
    throw new StartupError(
      `DATABASE_URL names PostgreSQL ${version?.server_version}; it must be ${OLDEST_POSTGRES} or newer`,
    )
  }
}

async function applyPending(client: pg.Client, databaseUrl: string): Promise<string[]> {
  const migrations = await readMigrations()
  const done = await appliedMigrations(client)
  // Starting the engine takes half a second, which most starts need not spend.
  if (migrations.migrationDirectories.every(({ path }) => done.has(path))) return []
  const { appliedMigrationNames } = await withSchemaEngine(databaseUrl, engine =>
    engine.applyMigrations({ migrationsList: migrations, filters: EVERYTHING }),
  )
  return appliedMigrationNames
}

async function appliedMigrations(client: pg.Client): Promise<Set<string>> {
  const { rows: tables } = await client.query(`SELECT to_regclass('_prisma_migrations') AS name`)
  if (tables[0]?.name === null) return new Set()
  const { rows } = await client.query<{ migration_name: string }>(
    'SELECT migration_name FROM _prisma_migrations WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL',
  )
  return new Set(rows.map(row => row.migration_name))
}
