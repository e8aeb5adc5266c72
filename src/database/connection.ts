import pg from 'pg'

/** What connections are for. Each kind has its own limit on how long a statement may run. */
export type Purpose = 'queries' | 'work' | 'jobs' | 'life'

/** A statement that runs longer is canceled by PostgreSQL (57014). Queries are what anybody may ask for. */
const LONGEST_STATEMENT_MS: Readonly<Record<Purpose, number>> = {
  queries: 10_000,
  work: 20_000,
  jobs: 20_000,
  life: 5_000,
}
/** Whoever waits longer for a row that another transaction holds gives up (55P03): the caller may try again. */
const LONGEST_LOCK_WAIT_MS = 5_000
/** A transaction that does nothing for this long is ended (25P03), so that its locks go. Ours call nothing outside. */
const LONGEST_IDLE_TRANSACTION_MS = 15_000
/** PostgreSQL gives a connection up over which nothing that it sends is acknowledged for this long. */
const LONGEST_SILENCE_MS = 30_000
/** A database that is paused, or a host that is gone, says nothing at all: then the wait ends here. */
const GRACE_MS = 5_000
const CONNECT_MS = 10_000

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
    `SET statement_timeout = ${LONGEST_STATEMENT_MS[purpose]}`,
    `SET lock_timeout = ${purpose === 'life' ? 0 : LONGEST_LOCK_WAIT_MS}`,
    `SET idle_in_transaction_session_timeout = ${LONGEST_IDLE_TRANSACTION_MS}`,
    `SET tcp_user_timeout = ${LONGEST_SILENCE_MS}`,
  ].join('; ')
}

/** How a connection for a purpose is made. */
export function connectionSettings(url: string, purpose: Purpose, name: string): pg.ClientConfig {
  return {
    connectionString: url,
    application_name: name,
    connectionTimeoutMillis: CONNECT_MS,
    query_timeout: LONGEST_STATEMENT_MS[purpose] + GRACE_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: CONNECT_MS,
  }
}

/** Sets a session to what the code relies on. Pools wait for what this promises. */
export async function prepareSession(client: pg.ClientBase, purpose: Purpose): Promise<void> {
  await client.query(sessionSettings(purpose))
}

/** Connections that are replaced when the state of their sessions has become doubtful. */
export class RenewablePool extends pg.Pool {
  private generation = 0
  private readonly generations = new WeakMap<object, number>()

  constructor(url: string, purpose: Purpose, name: string, options: pg.PoolConfig) {
    super({
      ...connectionSettings(url, purpose, name),
      onConnect: async client => {
        this.generations.set(client, this.generation)
        await prepareSession(client, purpose)
      },
      ...options,
    })
  }

  /**
   * Has no connection used any more that was made before. A session keeps what it was given at its start: one that began
   * while the database was read-only would stay read-only.
   */
  renew(): void {
    this.generation += 1
  }

  override connect(): Promise<pg.PoolClient>
  override connect(callback: Connected): void
  override connect(callback?: Connected): Promise<pg.PoolClient> | undefined {
    const client = this.checkOut()
    if (callback === undefined) return client
    client.then(
      client => callback(undefined, client, client.release.bind(client)),
      (error: Error) => callback(error, undefined, () => undefined),
    )
    return undefined
  }

  private async checkOut(): Promise<pg.PoolClient> {
    for (;;) {
      const client = await super.connect()
      if (this.generations.get(client) === this.generation) return client
      client.release(true)
    }
  }
}

type Connected = (
  error: Error | undefined,
  client: pg.PoolClient | undefined,
  done: (release?: Error | boolean) => void,
) => void
