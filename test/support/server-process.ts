import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url))

/** A server in a process of its own, as `npm start` runs it. */
export interface ServerProcess {
  readonly child: ChildProcess
  readonly url: string
  /** The lines it has logged. */
  readonly log: readonly Record<string, unknown>[]
  /** Ends it by a signal and tells its exit code, null when the signal killed it. */
  end(signal: NodeJS.Signals): Promise<number | null>
}

/** Starts the built server and waits until it says that it is ready. */
export async function startServer(environment: Record<string, string>): Promise<ServerProcess> {
  const child = spawn(process.execPath, [MAIN], {
    env: { PATH: process.env['PATH'], PORT: '0', ...environment },
    cwd: '/',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const log: Record<string, unknown>[] = []
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', line => {
      const entry = JSON.parse(line) as Record<string, unknown>
      log.push(entry)
      if (entry['msg'] === 'Slipway is ready') resolve(String(entry['url']))
    })
    child.once('exit', code => reject(new Error(`The server ended with ${code}`)))
  })
  return {
    child,
    url,
    log,
    end: async signal => {
      const ended = once(child, 'exit')
      child.kill(signal)
      const [code] = await ended
      return code as number | null
    },
  }
}

/** Runs a command line in the project's folder, as a user would. */
export function runCommand(command: string, environment: Record<string, string> = {}) {
  return run('bash', ['-c', command], { cwd: ROOT, env: { ...process.env, ...environment } })
}
