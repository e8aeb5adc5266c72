import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Contestant } from './questions.js'

/** A server that runs. */
export interface Running {
  /** Where it takes GraphQL. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** The time that its process has spent on a CPU so far, in ms; NaN where the system does not tell. */
  cpu(): number
  /** The memory that its process holds, in MiB; NaN where the system does not tell. */
  memory(): number
  stop(): Promise<void>
}

/** What Slipway is started with. */
export interface SlipwaySettings {
  readonly dataDir: string
  readonly jwtSecret: string
  readonly token: string
}

const PEERS = new URL('./peers/', import.meta.url)
const SLIPWAY = fileURLToPath(new URL('../../../dist/main.js', import.meta.url))
/** Linux counts the time of processes in hundredths of a second. */
const TICK_MS = 10
const PAGE_MIB = 4 / 1024

/** Starts a contestant on a database, each with the Node.js that runs the bench and ten connections. */
export async function start(contestant: Contestant, databaseUrl: string, settings: SlipwaySettings): Promise<Running> {
  const isSlipway = contestant === 'slipway'
  const script = isSlipway ? SLIPWAY : fileURLToPath(new URL(`${contestant}.mjs`, PEERS))
  const child = spawn(process.execPath, [script], {
    env: {
      PATH: process.env['PATH'],
      NODE_ENV: 'production',
      GRAPHILE_ENV: 'production',
      DATABASE_URL: databaseUrl,
      ...(isSlipway && {
        DATA_DIR: settings.dataDir,
        JWT_SECRET: settings.jwtSecret,
        PORT: '0',
        RATE_LIMIT: '0',
        RUN_WORKER: 'false',
      }),
    },
    stdio: ['ignore', 'pipe', process.env['BENCH_VERBOSE'] ? 'inherit' : 'ignore'],
  })
  const url = await readUrl(child, isSlipway)
  return {
    url,
    headers: isSlipway ? { authorization: `Bearer ${settings.token}` } : {},
    cpu: () => cpuOf(child.pid),
    memory: () => Number(stat(child.pid, 'statm')?.split(' ')[1] ?? Number.NaN) * PAGE_MIB,
    stop: async () => {
      if (child.exitCode !== null) return
      child.kill('SIGTERM')
      await once(child, 'exit')
    },
  }
}

async function readUrl(child: ChildProcess, isSlipway: boolean): Promise<string> {
  let text = ''
  for await (const chunk of child.stdout ?? []) {
    text += String(chunk)
    const url = isSlipway
      ? /"url":"([^"]+)"[^\n]*"msg":"Slipway is ready"|"msg":"Slipway is ready"[^\n]*/.exec(text)
      : /^(http:\S+)\n/m.exec(text)
    if (url === null) continue
    child.stdout?.resume()
    return isSlipway ? `${/"url":"([^"]+)"/.exec(url[0])?.[1]}/graphql` : (url[1] as string)
  }
  throw new Error(`A contestant did not start: ${text}`)
}

/** The time that a process has spent on a CPU so far, in ms; NaN where the system does not tell. */
export function cpuOf(pid: number | undefined): number {
  const fields = stat(pid, 'stat')
    ?.replace(/^.*\) /, '')
    .split(' ')
  return fields === undefined ? Number.NaN : (Number(fields[11]) + Number(fields[12])) * TICK_MS
}

function stat(pid: number | undefined, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return undefined
  }
}
