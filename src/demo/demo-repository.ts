import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A real git repository with a little history. */
export interface DemoRepository {
  readonly cloneUrl: string
  /** From the oldest to the newest. */
  readonly commits: readonly string[]
}

const CHANGES = ['Sell apples', 'Sell pears', 'Take cards', 'Take cards that work']

export async function createDemoRepository(directory: string): Promise<DemoRepository> {
  const git = async (...args: string[]) => {
    const identity = ['-c', 'user.name=Demo', '-c', 'user.email=demo@localhost', '-c', 'commit.gpgsign=false']
    const { stdout } = await run('git', [...identity, '-C', directory, ...args])
    return stdout.trim()
  }
  await git('init', '--quiet', '--initial-branch=main')
  const commits: string[] = []
  for (const change of CHANGES) {
    await writeFile(join(directory, 'CHANGELOG.md'), `${change}\n`)
    await git('add', '.')
    await git('commit', '--quiet', '--message', change)
    commits.push(await git('rev-parse', 'HEAD'))
  }
  return { cloneUrl: pathToFileURL(directory).href, commits }
}
