import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { pino } from 'pino'
import { startEmbeddedPostgres } from '../../src/database/embedded-postgres.js'
import { type PostgresAccount, postgresAccount } from '../../src/database/postgres-account.js'
import { findPostgresBinaries, type PostgresBinaries } from '../../src/database/postgres-binaries.js'
import { type Postmaster, startPostmaster, stopPostmaster } from '../../src/database/postmaster.js'
import { TcpProxy } from '../support/tcp-proxy.js'

/** What is lost with a test machine's power is of no use to anybody; what is lost with a process would be. */
const SETTINGS = { fsync: 'off', max_connections: '60' }

/** A PostgreSQL of a test's own that is broken and mended, behind a network that is, too. */
export class BreakablePostgres {
  private running: Postmaster | null = null

  private constructor(
    private readonly folder: string,
    private readonly binaries: PostgresBinaries,
    private readonly account: PostgresAccount,
    private readonly direct: URL,
    /** Between the server and PostgreSQL. */
    readonly network: TcpProxy,
  ) {}

  static async start(): Promise<BreakablePostgres> {
    const folder = await mkdtemp(join(tmpdir(), 'slipway-faults-'))
    const [binaries, account] = await Promise.all([findPostgresBinaries(), postgresAccount()])
    // Makes the cluster and its database.
    const embedded = await startEmbeddedPostgres(folder, pino({ level: 'silent' }), SETTINGS)
    await embedded.stop()
    const network = await TcpProxy.before(embedded.url)
    const postgres = new BreakablePostgres(folder, binaries, account, new URL(embedded.url), network)
    await postgres.boot()
    return postgres
  }

  /** Ends it for good. */
  async remove(): Promise<void> {
    await this.network.refuse()
    await this.shutDown()
    await rm(this.folder, { recursive: true, force: true })
  }

  /** Starts it, as often as it takes: what a killed one has left behind lives a moment longer. */
  async boot(): Promise<void> {
    while (this.running === null) {
      const [cluster, log] = [join(this.folder, 'postgres'), join(this.folder, 'postgres.log')]
      this.running = await startPostmaster(cluster, log, this.binaries, this.account, SETTINGS)
      if (this.running === null) await sleep(100)
    }
    this.direct.port = String(this.running.port)
    this.network.target = { host: this.direct.hostname, port: this.running.port }
    while (!(await this.isReady())) await sleep(50)
  }

  /** Ends it in order, and every session with it. */
  async shutDown(): Promise<void> {
    const { running } = this
    this.running = null
    if (running !== null) await stopPostmaster(running)
  }

  /** Ends it at once, as when the machine is out of memory. */
  kill(): void {
    if (this.running !== null) process.kill(this.running.pid, 'SIGKILL')
    this.running = null
  }

  /** Works on it beside the server, over a connection of its own that nothing disturbs. */
  async work<Result>(work: (client: pg.Client) => Promise<Result>): Promise<Result> {
    const client = new pg.Client({ connectionString: this.direct.href })
    client.on('error', () => {})
    await client.connect()
    try {
      return await work(client)
    } finally {
      await client.end()
    }
  }

  private async isReady(): Promise<boolean> {
    return this.work(client => client.query('SELECT')).then(
      () => true,
      () => false,
    )
  }
}
