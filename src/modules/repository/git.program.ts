import { spawn } from 'node:child_process'

/** How one run of git ended. */
export interface GitResult {
  /** Null when it was stopped for taking too long. */
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

const LARGEST_OUTPUT = 64 * 1024

/**
 * Runs the git program: without a prompt, hooks, or any transport but https, ssh and file, and never for longer than
 * it may. Git's own configuration of the user and the system applies, so credential helpers and proxies do, too.
 *
 * @param timeoutMs after which git and what it started are ended
 * @throws Error when there is no git program
 */
export function runGit(args: readonly string[], timeoutMs: number): Promise<GitResult> {
  return new Promise((resolve, reject) => {
    // A process group of its own, so that the helpers git starts for a transport end with it.
    const child = spawn('git', [...SETTINGS, ...args], {
      detached: true,
      env: { ...process.env, ...ENVIRONMENT },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let late = false
    const timer = setTimeout(() => {
      late = true
      endGroup(child.pid)
    }, timeoutMs)
    const stdout = collect(child.stdout)
    const stderr = collect(child.stderr)
    child.on('error', error => {
      clearTimeout(timer)
      reject(error)
    })
    child.on('close', code => {
      clearTimeout(timer)
      resolve({ exitCode: late ? null : code, stdout: stdout(), stderr: stderr() })
    })
  })
}

// Without collecting garbage, commits that no branch leads to any more stay: what was resolved once stays so.
const SETTINGS = [
  ...['-c', 'core.hooksPath=/dev/null', '-c', 'credential.interactive=false', '-c', 'gc.auto=0'],
  ...['-c', 'protocol.ext.allow=never', '-c', 'safe.directory=*', '-c', 'http.lowSpeedLimit=1'],
  ...['-c', 'http.lowSpeedTime=20'],
]

const ENVIRONMENT = {
  GIT_ALLOW_PROTOCOL: 'https:ssh:file',
  GIT_TERMINAL_PROMPT: '0',
  GIT_ASKPASS: 'true',
  SSH_ASKPASS: 'true',
  GIT_SSH_COMMAND: 'ssh -o BatchMode=yes -o ConnectTimeout=10',
  // Failures are told apart by what git says.
  LC_ALL: 'C',
}

function endGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}

function collect(stream: NodeJS.ReadableStream): () => string {
  let text = ''
  stream.on('data', (chunk: Buffer) => {
    if (text.length < LARGEST_OUTPUT) text += chunk.toString('utf8')
  })
  return () => text
}
