import { createHash } from 'node:crypto'
import { access, mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { gitFailure } from './git.failure.js'
import { type GitResult, runGit } from './git.program.js'

/** Looking something up in a mirror takes milliseconds; fetching a large repository takes a while. */
const LOOKUP_TIMEOUT_MS = 10_000
const FETCH_TIMEOUT_MS = 60_000

const REFS = ['+refs/heads/*:refs/heads/*', '+refs/tags/*:refs/tags/*']

/**
 * A bare copy of a repository, kept below the data directory. Branches that vanish or are rewritten at their origin
 * leave their commits here, so what was resolved once can be resolved again.
 */
export class GitMirror {
  private readonly directory: string
  private fetching: Promise<void> | undefined

  constructor(
    private readonly mirrors: string,
    private readonly cloneUrl: string,
  ) {
    this.directory = join(mirrors, createHash('sha256').update(cloneUrl).digest('hex'))
  }

  /** The full SHA of the one commit that begins with these digits; null when the mirror has none, or several. */
  async find(commit: string): Promise<string | null> {
    if (!(await this.exists())) return null
    // Lists objects by name, so that a branch whose name looks like a commit is not taken for one.
    const named = await this.git(['rev-parse', `--disambiguate=${commit}`], LOOKUP_TIMEOUT_MS)
    const commits: string[] = []
    for (const object of named.stdout.split('\n').filter(Boolean)) {
      const type = await this.git(['cat-file', '-t', object], LOOKUP_TIMEOUT_MS)
      if (type.stdout.trim() === 'commit') commits.push(object)
    }
    return commits.length === 1 ? (commits[0] ?? null) : null
  }

  /**
   * Brings in what the origin has now. Calls meanwhile share one fetch.
   *
   * @throws SlipwayError as the failure of the origin is to be told
   */
  fetch(): Promise<void> {
    this.fetching ??= this.fetchRefs().finally(() => {
      this.fetching = undefined
    })
    return this.fetching
  }

  /** Asks the origin for one commit that none of its branches leads to. Servers may refuse that: then nothing comes. */
  async fetchCommit(sha: string): Promise<void> {
    await this.git(
      ['fetch', '--quiet', '--no-tags', '--no-write-fetch-head', '--end-of-options', this.cloneUrl, sha],
      FETCH_TIMEOUT_MS,
    )
  }

  private async fetchRefs(): Promise<void> {
    if (await this.exists()) {
      const result = await this.git(
        ['fetch', '--quiet', '--force', '--no-write-fetch-head', '--end-of-options', this.cloneUrl, ...REFS],
        FETCH_TIMEOUT_MS,
      )
      if (result.exitCode === 0) return
      if (await this.isSound()) throw gitFailure(result, this.cloneUrl)
    }
    await this.clone()
  }

  /** Makes the mirror beside its place and moves it there whole: a crash meanwhile leaves nothing that looks like one. */
  private async clone(): Promise<void> {
    await mkdir(this.mirrors, { recursive: true })
    const unfinished = await mkdtemp(`${this.directory}-unfinished-`)
    try {
      const result = await runGit(
        ['clone', '--quiet', '--bare', '--end-of-options', this.cloneUrl, unfinished],
        FETCH_TIMEOUT_MS,
      )
      if (result.exitCode !== 0) throw gitFailure(result, this.cloneUrl)
      if (await this.exists()) {
        if (await this.isSound()) return
        await rename(this.directory, `${unfinished}-broken`)
      }
      await rename(unfinished, this.directory).catch(async (error: unknown) => {
        // Another process was quicker.
        if (!(await this.isSound())) throw error
      })
    } finally {
      await rm(unfinished, { recursive: true, force: true })
      await rm(`${unfinished}-broken`, { recursive: true, force: true })
    }
  }

  /** Whether what is there can be used, or was damaged. */
  private async isSound(): Promise<boolean> {
    const result = await this.git(['fsck', '--connectivity-only', '--no-dangling'], LOOKUP_TIMEOUT_MS)
    return result.exitCode === 0
  }

  private git(args: readonly string[], timeoutMs: number): Promise<GitResult> {
    return runGit(['--git-dir', this.directory, ...args], timeoutMs)
  }

  private async exists(): Promise<boolean> {
    return access(this.directory).then(
      () => true,
      () => false,
    )
  }
}
