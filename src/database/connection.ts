import type pg from 'pg'

/** What connections are for. Each kind has its own limit on how long a statement may run. */
export type Purpose = 'queries' | 'work' | 'jobs' | 'life' | 'probe' | 'migrations'

/**
 * A statement that runs longer is canceled by PostgreSQL (57014); 0: no limit. Queries are what anybody may ask for. How
 * long a migration takes is a matter of how much data there is, and nobody is served before its end.
 */
const LONGEST_STATEMENT_MS: Readonly<Record<Purpose, number>> = {
  queries: 10_000,
  work: 20_000,
  jobs: 20_000,
  life: 5_000,
  probe: 2_000,
  migrations: 0,
}
/** Whoever waits longer for a row that another transaction holds gives up (55P03): the caller may try again. */
const LONGEST_LOCK_WAIT_MS = 5_000
/** Replicas that start together wait for the one that migrates. Workers that live wait for nobody's rows for long. */
const WITHOUT_LOCK_LIMIT: ReadonlySet<Purpose> = new Set(['migrations', 'life'])
/** A transaction that does nothing for this long is ended (25P03), so that its locks go. Ours call nothing outside. */
const LONGEST_IDLE_TRANSACTION_MS = 15_000
/** PostgreSQL gives a connection up over which nothing that it sends is acknowledged for this long. */
const LONGEST_SILENCE_MS = 30_000
/**
 * PostgreSQL asks an idle connection this often whether it is still there. A firewall or a host may forget connections
 * without a word; PostgreSQL's sessions would stay for hours by default, and take the places of new ones meanwhile.
 */
const KEEPALIVE_SECONDS = 30
const KEEPALIVE_AGAIN_SECONDS = 10
const KEEPALIVE_TRIES = 3
/** A database that is paused, or a host that is gone, says nothing at all: then the wait ends here. */
const GRACE_MS = 5_000
const CONNECT_MS = 10_000
const QUERY_CANCELED = '57014'
const LIMIT_TRIES = 20

/**
 * What every session is set to, whatever the database, the role or the URL say. JSON shows times in the zone of the
 * session, and they are read fastest in UTC. All statements look up few rows by index, most of them in memory: with the
 * planner's default, a page is so dear that it would rather read small tables whole, again and again. None runs long
 * enough to be compiled.
 */
function sessionSettings(purpose: Purpose): string {
  return [
    "SET TimeZone = 'UTC'",
    'SET random_page_cost = 1.1',
    'SET jit = off',
    "SET default_transaction_isolation = 'read committed'",
    `SET lock_timeout = ${WITHOUT_LOCK_LIMIT.has(purpose) ? 0 : LONGEST_LOCK_WAIT_MS}`,
    `SET idle_in_transaction_session_timeout = ${purpose === 'migrations' ? 0 : LONGEST_IDLE_TRANSACTION_MS}`,
    `SET tcp_user_timeout = ${LONGEST_SILENCE_MS}`,
    `SET tcp_keepalives_idle = ${KEEPALIVE_SECONDS}`,
    `SET tcp_keepalives_interval = ${KEEPALIVE_AGAIN_SECONDS}`,
    `SET tcp_keepalives_count = ${KEEPALIVE_TRIES}`,
  ].join('; ')
}

/** How a connection for a purpose is made. */
export function connectionSettings(url: string, purpose: Purpose, name: string): pg.ClientConfig {
  const longest = LONGEST_STATEMENT_MS[purpose]
  return {
    connectionString: url,
    application_name: name,
    connectionTimeoutMillis: CONNECT_MS,
    ...(longest > 0 && { query_timeout: longest + GRACE_MS }),
    keepAlive: true,
    keepAliveInitialDelayMillis: CONNECT_MS,
  }
}

/** Sets a session to what the code relies on. Pools wait for what this promises. */
export async function prepareSession(client: pg.ClientBase, purpose: Purpose): Promise<void> {
  await limitStatements(client, LONGEST_STATEMENT_MS[purpose])
  await client.query(sessionSettings(purpose))
}

/**
 * Replaces the limit on how long a statement may run, which the database may have set so low that even this statement
 * is canceled now and then. A startup parameter could not be canceled, but PgBouncer refuses it.
 */
async function limitStatements(client: pg.ClientBase, ms: number): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await client.query(`SET statement_timeout = ${ms}`)
      return
    } catch (error) {
      if ((error as { code?: unknown }).code !== QUERY_CANCELED || tries === LIMIT_TRIES) throw error
    }
  }
}
