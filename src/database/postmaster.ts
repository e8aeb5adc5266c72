import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { open, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { StartupError } from '../core/startup-error.js'
import type { PostgresAccount } from './postgres-account.js'
import type { PostgresBinaries } from './postgres-binaries.js'

const run = promisify(execFile)

/** A PostgreSQL server process. */
export interface Postmaster {
  readonly pid: number
  /** On 127.0.0.1. */
  readonly port: number
}

/** Settings of PostgreSQL by their names. */
export type PostgresSettings = Readonly<Record<string, string>>

/** What PostgreSQL is started with. Durability is never traded: what was answered is on disk. */
const SETTINGS: PostgresSettings = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '60',
  shared_buffers: '128MB',
  jit: 'off',
  // Statements that fail are told to the caller; writing them here, too, would only fill the disk.
  log_min_messages: 'fatal',
}

const STOP_PATIENCE_MS = 6_000

/**
 * The server that runs on a data directory, as its lock file tells; null when none does. A lock file that a crash left
 * behind, whose process is gone or has become another program, is removed.
 */
export async function runningPostmaster(cluster: string): Promise<Postmaster | null> {
  const file = join(cluster, 'postmaster.pid')
  const lines = (await readFile(file, 'utf8').catch(() => '')).split('\n')
  const pid = Number(lines[0])
  const port = Number(lines[3])
  if (!pid) return null
  if (await isPostgres(pid)) return port ? { pid, port } : null
  await rm(file, { force: true })
  return null
}

/**
 * Starts a server in a session of its own, so that a Ctrl-C in the terminal does not end it before those who use it.
 *
 * @returns null when it ended at once, since another one was quicker or is about to end
 */
export async function startPostmaster(
  cluster: string,
  logFile: string,
  binaries: PostgresBinaries,
  account: PostgresAccount,
  more: PostgresSettings,
): Promise<Postmaster | null> {
  const port = await freePort()
  const settings = Object.entries({ ...SETTINGS, ...more }).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const log = await open(logFile, 'w', 0o600)
  try {
    const child = account.spawn(binaries.postgres, ['-D', cluster, '-p', String(port), ...settings], {
      cwd: '/',
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
    })
    child.unref()
    await once(child, 'spawn').catch((error: Error) => {
      throw new StartupError(`The embedded PostgreSQL cannot be started: ${error.message}; or set DATABASE_URL`)
    })
    const ended = once(child, 'exit').then(() => null)
    const { pid } = child
    return await Promise.race([ended, untilListed(cluster, pid, port)])
  } finally {
    await log.close()
  }
}

/** Waits until the lock file lists the process, whose port can then be connected to, perhaps after some refusals. */
async function untilListed(cluster: string, pid: number | undefined, port: number): Promise<Postmaster | null> {
  for (let tries = 0; tries < 200; tries++) {
    const running = await runningPostmaster(cluster)
    if (running?.pid === pid && running?.port === port) return running
    await sleep(25)
  }
  return null
}

/** Shuts a server down: connections are ended, what they had not committed is undone, and all is written to disk. */
export async function stopPostmaster({ pid }: Postmaster): Promise<void> {
  signal(pid, 'SIGINT')
  for (const deadline = Date.now() + STOP_PATIENCE_MS; await isPostgres(pid); await sleep(25)) {
    if (Date.now() < deadline) continue
    // The next start recovers from the write-ahead log.
    signal(pid, 'SIGQUIT')
    return
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // It has ended by itself.
  }
}

/** Whether a process lives and is a PostgreSQL: process numbers are used again. */
async function isPostgres(pid: number): Promise<boolean> {
  const program =
    process.platform === 'linux'
      ? readFile(`/proc/${pid}/comm`, 'utf8')
      : run('ps', ['-o', 'comm=', '-p', String(pid)]).then(({ stdout }) => stdout)
  return basename((await program.catch(() => '')).trim()) === 'postgres'
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('No port is free')
  return address.port
}
