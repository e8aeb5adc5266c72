import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, chown, cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { startEmbeddedPostgres } from '../../../src/database/embedded-postgres.js'
import { postgresAccount } from '../../../src/database/postgres-account.js'
import { findPostgresBinaries } from '../../../src/database/postgres-binaries.js'

const log = pino({ level: 'silent' })
const isRoot = process.getuid?.() === 0
let folder: string

beforeEach(async () => {
  // mkdtemp makes folders that only their owner may enter.
  folder = await mkdtemp(join(tmpdir(), 'slipway-embedded-'))
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true, force: true })
})

async function ask(url: string, statement: string): Promise<unknown> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query({ text: statement, rowMode: 'array' })
    return rows[0]?.[0]
  } finally {
    await client.end()
  }
}

/** A process that starts the PostgreSQL of a folder and keeps it until it is killed. */
async function startOwner(dataDir: string, command: string[] = []): Promise<{ child: ChildProcess; url: string }> {
  const script = fileURLToPath(new URL('../../support/embedded-owner.ts', import.meta.url))
  const [program = '', ...args] = [...command, process.execPath, '--import', 'tsx', script, dataDir]
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'exit').then(() => Promise.reject(new Error('The owner did not start')))
  const [line] = (await Promise.race([once(child.stdout, 'data'), ended])) as [Buffer]
  ended.catch(() => {})
  return { child, url: line.toString().trim() }
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL')
  await once(child, 'exit')
}

test('keeps its data from one start to the next, in files that nobody else may read', async () => {
  const dataDir = join(folder, 'deep', 'data')
  const first = await startEmbeddedPostgres(dataDir, log)
  await ask(first.url, 'CREATE TABLE kept AS SELECT 42 AS answer')
  await first.stop()
  await first.stop()
  const second = await startEmbeddedPostgres(dataDir, log)
  expect(await ask(second.url, 'SELECT answer FROM kept')).toBe(42)
  expect(await ask(second.url, 'SHOW fsync')).toBe('on')
  await second.stop()
  expect((await stat(join(dataDir, 'postgres-password'))).mode & 0o077).toBe(0)
  expect((await stat(dataDir)).mode & 0o077).toBe(0)
})

test('is taken over when its owner was killed, and another owner is refused while one lives', async () => {
  const owner = await startOwner(folder)
  await expect(startEmbeddedPostgres(folder, log)).rejects.toThrow(/DATA_DIR .* is in use by another Slipway/)
  expect(await ask(owner.url, 'SELECT 1')).toBe(1)
  await kill(owner.child)
  const heir = await startEmbeddedPostgres(folder, log)
  expect(heir.url).toBe(owner.url)
  await heir.stop()
  await expect(ask(heir.url, 'SELECT 1')).rejects.toThrow('ECONNREFUSED')
})

test('recovers when PostgreSQL itself was killed, whose lock file is left behind', async () => {
  const first = await startEmbeddedPostgres(folder, log)
  await ask(first.url, 'CREATE TABLE kept AS SELECT 42 AS answer')
  const lockFile = join(folder, 'postgres', 'postmaster.pid')
  process.kill(Number((await readFile(lockFile, 'utf8')).split('\n')[0]), 'SIGKILL')
  await first.stop()
  const second = await startEmbeddedPostgres(folder, log)
  expect(await ask(second.url, 'SELECT answer FROM kept')).toBe(42)
  await second.stop()
})

test('is not misled by a lock file whose process number another program has now', async () => {
  const first = await startEmbeddedPostgres(folder, log)
  const lockFile = join(folder, 'postgres', 'postmaster.pid')
  const lock = await readFile(lockFile, 'utf8')
  await first.stop()
  // Ends with its input, that is with this process at the latest.
  const bystander = spawn('cat')
  await writeFile(lockFile, lock.replace(/^\d+/, String(bystander.pid)))
  const second = await startEmbeddedPostgres(folder, log)
  expect(await ask(second.url, 'SELECT 1')).toBe(1)
  await second.stop()
  expect(bystander.exitCode).toBeNull()
  await kill(bystander)
})

test('is reached as it is meant to be, whatever the environment says of other databases', async () => {
  vi.stubEnv('PGSSLMODE', 'require')
  vi.stubEnv('PGOPTIONS', '-c search_path=nowhere')
  const postgres = await startEmbeddedPostgres(folder, log)
  expect(await ask(postgres.url, 'SHOW search_path')).toBe('public')
  await postgres.stop()
})

test('leaves nothing that looks like a cluster when making it is interrupted', async () => {
  await mkdir(join(folder, 'postgres-unfinished-abc', 'base'), { recursive: true })
  const postgres = await startEmbeddedPostgres(folder, log)
  expect(await ask(postgres.url, 'SELECT 1')).toBe(1)
  await postgres.stop()
  expect((await readdir(folder)).filter(name => name.startsWith('postgres-unfinished'))).toEqual([])
})

test.runIf(isRoot)('runs for root below a folder that only root may enter', async () => {
  const { initdb } = await findPostgresBinaries()
  const installed = join(folder, 'native')
  await cp(dirname(dirname(initdb)), installed, { recursive: true, verbatimSymlinks: true })
  const cluster = join(folder, 'cluster')
  const account = await postgresAccount()
  await mkdir(cluster)
  await account.own(cluster)
  const args = ['-D', cluster, '-U', 'slipway', '-A', 'trust']
  const child = account.spawn(join(installed, 'bin', 'initdb'), args, { cwd: '/', stdio: ['ignore', 'ignore', 'pipe'] })
  const complaint = child.stderr === null ? '' : await text(child.stderr)
  expect(complaint).not.toContain('initdb: error')
  expect((await stat(join(cluster, 'PG_VERSION'))).uid).not.toBe(0)
})

test.runIf(isRoot)('works for an ordinary user who may write to nothing but the data', async () => {
  const nobody = 65_534
  await chmod(folder, 0o755)
  const dataDir = join(folder, 'data')
  await mkdir(dataDir)
  await chown(dataDir, nobody, nobody)
  // The checkout may lie where only root may read: reading it is all that this user may do beyond others.
  const reading = ['--inh-caps=-all,+dac_read_search', '--ambient-caps=-all,+dac_read_search']
  const user = [`--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups', '--securebits=+no_setuid_fixup']
  const owner = await startOwner(dataDir, ['setpriv', ...user, ...reading])
  expect(await ask(owner.url, 'SELECT 1')).toBe(1)
  await kill(owner.child)
  const heir = await startEmbeddedPostgres(dataDir, log)
  await heir.stop()
})
