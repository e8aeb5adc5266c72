import { once } from 'node:events'
import { access, mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import type { Logger } from 'pino'
import { keptSecret } from '../core/kept-secret.js'
import { StartupError } from '../core/startup-error.js'
import { type PostgresAccount, postgresAccount } from './postgres-account.js'
import { findPostgresBinaries, type PostgresBinaries } from './postgres-binaries.js'
import {
  type PostgresSettings,
  type Postmaster,
  runningPostmaster,
  startPostmaster,
  stopPostmaster,
} from './postmaster.js'

/** A PostgreSQL that this process owns. */
export interface EmbeddedPostgres {
  /** For whoever is to use its database. Holds the password. */
  readonly url: string
  /** Shuts it down and waits for its end. */
  stop(): Promise<void>
}

const SUPERUSER = 'slipway'
const DATABASE = 'slipway'
/** Names the advisory lock that the server which owns a data directory holds for as long as it lives. */
const OWNER_LOCK = 7_547_930
/** So long a start waits for what ran before it, which may be about to end. */
const OWNER_PATIENCE_MS = 5_000
/** So long it waits for PostgreSQL, which may have much to recover after a crash. */
const START_PATIENCE_MS = 120_000
const LOG_TAIL = 2_000
const UNFINISHED = 'postgres-unfinished-'

/**
 * Starts the PostgreSQL that is kept in `<dataDir>/postgres`, and makes it on the first start.
 *
 * When a server was killed, its PostgreSQL lives on: the next start takes it over. A second server on one `dataDir` is
 * refused, as each would stop the other's database.
 *
 * @param settings that replace the usual ones, for data that nobody will miss
 * @throws StartupError when there is no PostgreSQL for this platform, when it does not start, or another server owns it
 */
export async function startEmbeddedPostgres(
  dataDir: string,
  log: Logger,
  settings: PostgresSettings = {},
): Promise<EmbeddedPostgres> {
  const cluster = join(dataDir, 'postgres')
  const logFile = join(dataDir, 'postgres.log')
  const [binaries, account] = await Promise.all([findPostgresBinaries(), postgresAccount()])
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  const password = await superuserPassword(dataDir, account)
  if (!(await exists(cluster))) await initialise(dataDir, cluster, binaries, account)
  let lastRunning = Date.now()
  let refusedSince: number | undefined
  for (const begun = Date.now(); Date.now() < begun + START_PATIENCE_MS; await sleep(100)) {
    const running =
      (await runningPostmaster(cluster)) ?? (await startPostmaster(cluster, logFile, binaries, account, settings))
    const owner = running && (await becomeOwner(running, password))
    if (running && owner instanceof pg.Client) {
      await removeUnfinished(dataDir)
      return owned(running, owner, password, log)
    }
    if (running) lastRunning = Date.now()
    else if (Date.now() > lastRunning + OWNER_PATIENCE_MS) break
    if (owner !== 'refused') continue
    refusedSince ??= Date.now()
    if (Date.now() > refusedSince + OWNER_PATIENCE_MS) {
      throw new StartupError(`DATA_DIR ${dataDir} is in use by another Slipway; stop it, or set another DATA_DIR`)
    }
  }
  const tail = (await readFile(logFile, 'utf8').catch(() => '')).slice(-LOG_TAIL)
  throw new StartupError(`The embedded PostgreSQL does not start; it says:\n${tail}`)
}

/** The superuser's password, which PostgreSQL reads from the file when the cluster is made. */
async function superuserPassword(dataDir: string, account: PostgresAccount): Promise<string> {
  const password = await keptSecret(passwordFile(dataDir))
  await account.own(passwordFile(dataDir))
  return password
}

function passwordFile(dataDir: string): string {
  return join(dataDir, 'postgres-password')
}

/** Makes the cluster beside its place and moves it there whole: a crash meanwhile leaves nothing that looks like one. */
async function initialise(
  dataDir: string,
  cluster: string,
  binaries: PostgresBinaries,
  account: PostgresAccount,
): Promise<void> {
  const unfinished = await mkdtemp(join(dataDir, UNFINISHED))
  await account.own(unfinished)
  const args = ['-D', unfinished, '-U', SUPERUSER, `--pwfile=${passwordFile(dataDir)}`]
  const child = account.spawn(binaries.initdb, [...args, '-A', 'scram-sha-256', '-E', 'UTF8', '--locale=C'], {
    cwd: '/',
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const complaint = child.stderr ? text(child.stderr) : ''
  const [code] = await once(child, 'exit').catch((error: Error) => [error.message])
  if (code !== 0) {
    await rm(unfinished, { recursive: true, force: true })
    if (await exists(cluster)) return
    throw new StartupError(
      `The embedded PostgreSQL cannot be made in ${dataDir} (${(await complaint) || code}); or set DATABASE_URL`,
    )
  }
  try {
    await rename(unfinished, cluster)
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true })
    // Another start was quicker: its cluster has the same password.
    if (!(await exists(cluster))) throw error
  }
}

/** Removes what interrupted first starts have left behind. */
async function removeUnfinished(dataDir: string): Promise<void> {
  for (const name of await readdir(dataDir)) {
    if (name.startsWith(UNFINISHED)) await rm(join(dataDir, name), { recursive: true, force: true })
  }
}

/** Connects and takes the owner's lock, unless another server has it or PostgreSQL is not ready to be connected to. */
async function becomeOwner(running: Postmaster, password: string): Promise<pg.Client | 'refused' | 'not ready'> {
  const client = new pg.Client({ connectionString: urlOf(running, password, 'postgres'), application_name: 'owner' })
  // Without a listener the loss of this connection would end the process; the pool notices the loss by itself.
  client.on('error', () => {})
  try {
    await client.connect()
    const { rows } = await client.query<{ owned: boolean }>('SELECT pg_try_advisory_lock($1) AS owned', [OWNER_LOCK])
    if (!rows[0]?.owned) {
      await client.end()
      return 'refused'
    }
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [DATABASE])
    if (rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`)
    return client
  } catch {
    await client.end().catch(() => {})
    return 'not ready'
  }
}

function owned(running: Postmaster, owner: pg.Client, password: string, log: Logger): EmbeddedPostgres {
  log.info({ port: running.port, postgresPid: running.pid }, 'The embedded PostgreSQL runs')
  let stopping: Promise<void> | undefined
  const stop = async () => {
    await owner.end().catch(() => {})
    await stopPostmaster(running)
  }
  return {
    url: urlOf(running, password, DATABASE),
    stop: () => {
      stopping ??= stop()
      return stopping
    },
  }
}

/** Says also what clients would take from `PGSSLMODE` and `PGOPTIONS`, which somebody has set for another database. */
function urlOf({ port }: Postmaster, password: string, database: string): string {
  const settings = `sslmode=disable&options=${encodeURIComponent('-c search_path=public')}`
  return `postgresql://${SUPERUSER}:${password}@127.0.0.1:${port}/${database}?${settings}`
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
