import { type ChildProcess, execFile, type SpawnOptions, spawn } from 'node:child_process'
import { chown } from 'node:fs/promises'
import { promisify } from 'node:util'
import { StartupError } from '../core/startup-error.js'

const run = promisify(execFile)

/** On whose behalf PostgreSQL runs. */
export interface PostgresAccount {
  /** Makes a file or folder PostgreSQL's own. */
  own(path: string): Promise<void>
  spawn(program: string, args: readonly string[], options: SpawnOptions): ChildProcess
}

/** Who may run it when this process is root's, the first that the system knows. */
const ACCOUNTS = ['postgres', 'nobody']

// The program or the data may lie below a folder that only root may enter.
const KEPT_CAPABILITIES = '-all,+dac_override,+dac_read_search'

/**
 * Chooses the account: the own one, unless that is root's, as whom PostgreSQL refuses to run. Then it runs as another
 * user, on Linux with root's right to enter any folder.
 *
 * @throws StartupError when this process is root's and there is no other user to run it as
 */
export async function postgresAccount(): Promise<PostgresAccount> {
  if (process.getuid?.() !== 0) return { own: async () => {}, spawn }
  const { uid, gid } = await findUser()
  const own = (path: string) => chown(path, uid, gid)
  if (!(await hasSetpriv())) {
    return { own, spawn: (program, args, options) => spawn(program, args, { ...options, uid, gid }) }
  }
  const prefix = [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups']
  // access(2), by which PostgreSQL looks for its own programs, leaves a user's capabilities out unless this bit is set.
  const securebits = '--securebits=+no_setuid_fixup'
  const capabilities = [securebits, `--inh-caps=${KEPT_CAPABILITIES}`, `--ambient-caps=${KEPT_CAPABILITIES}`]
  return {
    own,
    spawn: (program, args, options) => spawn('setpriv', [...prefix, ...capabilities, '--', program, ...args], options),
  }
}

async function findUser(): Promise<{ uid: number; gid: number }> {
  for (const name of ACCOUNTS) {
    try {
      const ids = await Promise.all([run('id', ['-u', name]), run('id', ['-g', name])])
      const [uid, gid] = ids.map(({ stdout }) => Number(stdout))
      if (uid !== undefined && gid !== undefined) return { uid, gid }
    } catch {
      // Not known here: the next one.
    }
  }
  throw new StartupError(
    `PostgreSQL refuses to run as root, and there is no user ${ACCOUNTS.join(' or ')} to run it as: ` +
      'start Slipway as another user, or set DATABASE_URL',
  )
}

async function hasSetpriv(): Promise<boolean> {
  return run('setpriv', ['--version']).then(
    () => true,
    () => false,
  )
}
