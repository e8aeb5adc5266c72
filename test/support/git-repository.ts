import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { cleanEnvironment } from './environment.js'

const run = promisify(execFile)

/** A real repository in a temporary folder. */
export interface GitRepository {
  readonly directory: string
  readonly cloneUrl: string
  /** Commits something and tells the SHA. */
  commit(message: string): Promise<string>
  /** Runs git in the repository and tells what it printed. */
  git(...args: string[]): Promise<string>
  remove(): Promise<void>
}

export async function createGitRepository(): Promise<GitRepository> {
  const directory = await mkdtemp(join(tmpdir(), 'slipway-repository-'))
  const git = async (...args: string[]) => {
    const identity = ['-c', 'user.name=Test', '-c', 'user.email=test@localhost']
    const { stdout } = await run('git', ['-C', directory, ...identity, ...args], { env: cleanEnvironment() })
    return stdout.trim()
  }
  await git('init', '--quiet', '--initial-branch=main')
  return {
    directory,
    cloneUrl: pathToFileURL(directory).href,
    git,
    commit: async message => {
      await git('commit', '--quiet', '--allow-empty', '--message', message)
      return git('rev-parse', 'HEAD')
    },
    remove: () => rm(directory, { recursive: true, force: true }),
  }
}
