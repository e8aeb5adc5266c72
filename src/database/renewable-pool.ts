import pg from 'pg'
import { connectionSettings, type Purpose, prepareSession } from './connection.js'

/** When this many wait for a connection already, the next one would not get one in time. */
const LONGEST_LINE = 500
/** PostgreSQL's code for too many connections: it means the same to whoever asked. */
const TOO_MANY_CONNECTIONS = '53300'

/** The session behind a connection, as PostgreSQL knows it. The number alone is given again after its end. */
interface Backend {
  readonly pid: number
  readonly startedAt: string
}

interface Session extends Backend {
  readonly generation: number
}

/** Connections that are replaced when the state of their sessions has become doubtful. */
export class RenewablePool extends pg.Pool {
  private generation = 0
  private readonly sessions = new WeakMap<pg.ClientBase, Session>()

  constructor(url: string, purpose: Purpose, name: string, options: pg.PoolConfig) {
    super({
      ...connectionSettings(url, purpose, name),
      onConnect: async client => {
        const { generation } = this
        await prepareSession(client, purpose)
        this.sessions.set(client, { ...(await backendOf(client)), generation })
      },
      ...options,
    })
    // Without a listener, an idle connection that is lost would end the process.
    this.on('error', () => undefined)
  }

  /**
   * Has no connection used any more that was made before. A session keeps what it was given at its start: one that began
   * while the database was read-only would stay read-only. And where one connection was lost, others may have been, which
   * only a statement on each would find out, after its time-out.
   *
   * @param because the connection that gave reason to it; nothing is done when it is older than the last time
   */
  renew(because?: pg.ClientBase): void {
    const session = because && this.sessions.get(because)
    if (session === undefined || session.generation === this.generation) this.generation += 1
  }

  /** Cancels what runs on a connection of another pool of the same database; nothing else, should that have ended. */
  async cancel(backend: Backend): Promise<void> {
    await this.query(
      'SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE pid = $1 AND backend_start::text = $2',
      [backend.pid, backend.startedAt],
    )
  }

  /** The session behind a connection of this pool. */
  backendOf(client: pg.ClientBase): Backend {
    const session = this.sessions.get(client)
    if (session === undefined) throw new Error('The connection is none of this pool')
    return session
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
    if (this.waitingCount >= LONGEST_LINE) {
      const error = new Error(`${LONGEST_LINE} wait for a connection already`)
      throw Object.assign(error, { code: TOO_MANY_CONNECTIONS, severity: 'ERROR' })
    }
    for (;;) {
      const client = await super.connect()
      if (this.sessions.get(client)?.generation === this.generation) return client
      client.release(true)
    }
  }
}

type Connected = (
  error: Error | undefined,
  client: pg.PoolClient | undefined,
  done: (release?: Error | boolean) => void,
) => void

/** Asked of PostgreSQL: what stands between, such as PgBouncer, tells clients a number of its own. */
async function backendOf(client: pg.ClientBase): Promise<Backend> {
  const { rows } = await client.query<Backend>(
    'SELECT pid, backend_start::text AS "startedAt" FROM pg_stat_get_activity(pg_backend_pid())',
  )
  const [backend] = rows
  if (backend === undefined) throw new Error('PostgreSQL does not know its own session')
  return backend
}
