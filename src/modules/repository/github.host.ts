import { type Octokit, RequestError } from 'octokit'
import type { Logger } from 'pino'
import { SlipwayError } from '../../core/errors.js'
import { createGitHubClient, type GitHubSettings, retryAfterSeconds } from './github.client.js'
import type { RepositoryHost } from './repository.host.js'

/** After how many seconds to try again when GitHub does not say. */
const RETRY_AFTER_S = 30

/** GitHub, through its REST API. */
export function createGitHubHost(settings: GitHubSettings, log: Logger): RepositoryHost {
  const client = createGitHubClient({ ...settings, retries: 2 }, log)
  const { timeoutMs = 10_000 } = settings

  return {
    async resolveCommit({ repository }, commit) {
      const [owner = '', repo = ''] = repository.split('/')
      const request = { signal: AbortSignal.timeout(timeoutMs) }
      try {
        const octokit = await client.forRepository(owner, repo, request)
        const sha = await findCommit(octokit, { owner, repo, ref: commit, request })
        // A branch or tag may be named like a commit, and would be found by it.
        if (sha?.startsWith(commit)) return sha
      } catch (error) {
        throw described(error, log)
      }
      throw new SlipwayError('INVALID_COMMIT', {
        details: `${repository} has no commit ${commit}, or more than one that begins so.`,
      })
    },
  }
}

type CommitQuestion = {
  readonly owner: string
  readonly repo: string
  readonly ref: string
  readonly request: { readonly signal: AbortSignal }
}

/** The SHA that a reference leads to; null when the repository has no such commit. */
async function findCommit(octokit: Octokit, question: CommitQuestion): Promise<string | null> {
  try {
    const { data } = await octokit.request('GET /repos/{owner}/{repo}/commits/{ref}', question)
    return data.sha
  } catch (error) {
    if (!(error instanceof RequestError)) throw error
    // 422: no such commit; 409: the repository is empty.
    if (error.status === 422 || error.status === 409) return null
    if (error.status !== 404) throw error
    const { owner, repo, request } = question
    await octokit.request('GET /repos/{owner}/{repo}', { owner, repo, request })
    return null
  }
}

function described(error: unknown, log: Logger): Error {
  if (error instanceof RequestError && error.status === 404) return new SlipwayError('REPOSITORY_NOT_FOUND')
  if (error instanceof RequestError && error.status === 401) {
    log.error({ err: error }, 'GitHub refuses the credentials of this server: check GITHUB_TOKEN or GITHUB_APP_*')
  }
  return new SlipwayError('HOST_UNAVAILABLE', {
    message: 'GitHub is unavailable',
    retryAfter: retryAfterSeconds(error) ?? RETRY_AFTER_S,
    cause: error,
  })
}
