import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { cleanEnvironment } from './environment.js'

const run = promisify(execFile)
const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const DIST = fileURLToPath(new URL('../../dist/', import.meta.url))

/** A program of Slipway's in a process of its own. */
interface SlipwayProcess {
  readonly child: ChildProcess
  /** The lines it has logged. */
  readonly log: readonly Record<string, unknown>[]
  /** Ends it by a signal and tells its exit code, null when the signal killed it. */
  end(signal: NodeJS.Signals): Promise<number | null>
}

/** A server, as `npm start` runs it. */
export interface ServerProcess extends SlipwayProcess {
  readonly url: string
}

/** Starts the built server and waits until it says that it is ready. */
export async function startServer(environment: Record<string, string>): Promise<ServerProcess> {
  const { url, ...server } = await start('main.js', 'Slipway is ready', environment)
  return { ...server, url: String(url) }
}

/** Starts the built worker, as `npm run worker` does. */
export function startWorkerProcess(environment: Record<string, string>): Promise<SlipwayProcess> {
  return start('worker.js', 'Slipway’s worker is ready', environment)
}

async function start(program: string, ready: string, environment: Record<string, string>) {
  const child = spawn(process.execPath, [`${DIST}${program}`], {
    env: { ...cleanEnvironment(), PORT: '0', ...environment },
    cwd: '/',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const log: Record<string, unknown>[] = []
  const url = await new Promise<unknown>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', line => {
      const entry = JSON.parse(line) as Record<string, unknown>
      log.push(entry)
      if (entry['msg'] === ready) resolve(entry['url'])
    })
    child.once('exit', code => reject(new Error(`${program} ended with ${code}`)))
  })
  return {
    child,
    url,
    log,
    end: async (signal: NodeJS.Signals) => {
      const ended = once(child, 'exit')
      child.kill(signal)
      const [code] = await ended
      return code as number | null
    },
  }
}

/** Runs a command line in the project's folder, as a user would who has set nothing else. */
export function runCommand(command: string, environment: Record<string, string> = {}) {
  return run('bash', ['-c', command], { cwd: ROOT, env: { ...cleanEnvironment(), ...environment } })
}
