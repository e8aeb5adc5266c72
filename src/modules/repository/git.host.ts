import { join } from 'node:path'
import { SlipwayError } from '../../core/errors.js'
import { GitMirror } from './git.mirror.js'
import type { RepositoryHost } from './repository.host.js'

const FULL_SHA = /^([0-9a-f]{40}|[0-9a-f]{64})$/

/** Any server that speaks git, read with the git program into bare mirrors below the data directory. */
export function createGitHost(dataDir: string): RepositoryHost {
  const mirrors = new Map<string, GitMirror>()
  const mirrorOf = (cloneUrl: string): GitMirror => {
    const mirror = mirrors.get(cloneUrl) ?? new GitMirror(join(dataDir, 'mirrors'), cloneUrl)
    mirrors.set(cloneUrl, mirror)
    return mirror
  }
  return {
    async resolveCommit({ repository, cloneUrl }, commit) {
      if (cloneUrl === null) throw new Error(`The repository ${repository} has no clone URL`)
      const mirror = mirrorOf(cloneUrl)
      const known = await mirror.find(commit)
      if (known !== null) return known
      await mirror.fetch()
      const fetched = await mirror.find(commit)
      if (fetched !== null) return fetched
      if (FULL_SHA.test(commit)) await mirror.fetchCommit(commit)
      const sha = await mirror.find(commit)
      if (sha !== null) return sha
      throw new SlipwayError('INVALID_COMMIT', {
        details: `${repository} has no commit ${commit}, or more than one that begins so.`,
      })
    },
  }
}
