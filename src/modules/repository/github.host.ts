import { App, Octokit, RequestError } from 'octokit'
import type { Logger } from 'pino'
import { SlipwayError } from '../../core/errors.js'
import type { RepositoryHost } from './repository.host.js'

/** How GitHub is reached. Without a token and without an app only public repositories are seen. */
export interface GitHubSettings {
  /** Of github.com or of a GitHub Enterprise Server, without a slash at its end. */
  readonly apiUrl: string
  readonly token: string | undefined
  /** A GitHub App; where it is installed it takes precedence over the token. */
  readonly app: { readonly id: number; readonly privateKey: string } | undefined
  /** How long one question may take, its repetitions included. */
  readonly timeoutMs?: number
  /** The wait before the first repetition; the second waits four times as long. */
  readonly retryDelayMs?: number
}

/** Answers that asking again does not change; 403 and 429 are limits, which are not to be waited for here. */
const NO_RETRY = [400, 401, 403, 404, 409, 410, 422, 429, 451]
/** After how many seconds to try again when GitHub does not say. */
const RETRY_AFTER_S = 30

/** GitHub, through its REST API. */
export function createGitHubHost(settings: GitHubSettings, log: Logger): RepositoryHost {
  const { apiUrl, token, app, timeoutMs = 10_000, retryDelayMs = 1_000 } = settings
  // Octokit's own log tells URLs and limits, never credentials.
  const octokitLog = { debug: () => {}, info: () => {}, warn: log.warn.bind(log), error: log.error.bind(log) }
  const SlipwayOctokit = Octokit.defaults({
    baseUrl: apiUrl,
    userAgent: 'slipway',
    log: octokitLog,
    retry: { doNotRetry: NO_RETRY, retries: 2, retryAfterBaseValue: retryDelayMs },
    throttle: { onRateLimit: () => false, onSecondaryRateLimit: () => false },
  })
  const anonymous = new SlipwayOctokit(token === undefined ? {} : { auth: token })
  const githubApp =
    app && new App({ appId: app.id, privateKey: app.privateKey, Octokit: SlipwayOctokit, log: octokitLog })

  return {
    async resolveCommit({ repository }, commit) {
      const [owner = '', repo = ''] = repository.split('/')
      const request = { signal: AbortSignal.timeout(timeoutMs) }
      try {
        const octokit = githubApp ? await installationOf(githubApp, owner, repo, request) : anonymous
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

/** The app as it is installed for a repository; a repository without it answers 404, as one that is not there does. */
async function installationOf(
  app: App,
  owner: string,
  repo: string,
  request: CommitQuestion['request'],
): Promise<Octokit> {
  const { data } = await app.octokit.request('GET /repos/{owner}/{repo}/installation', { owner, repo, request })
  return app.getInstallationOctokit(data.id)
}

function described(error: unknown, log: Logger): Error {
  if (error instanceof RequestError && error.status === 404) return new SlipwayError('REPOSITORY_NOT_FOUND')
  if (error instanceof RequestError && error.status === 401) {
    log.error({ err: error }, 'GitHub refuses the credentials of this server: check GITHUB_TOKEN or GITHUB_APP_*')
  }
  return new SlipwayError('HOST_UNAVAILABLE', {
    message: 'GitHub is unavailable',
    retryAfter: retryAfter(error),
    cause: error,
  })
}

/** Reads how long GitHub wants to be left alone: `Retry-After`, or the time at which the rate limit is lifted. */
function retryAfter(error: unknown): number {
  const headers = error instanceof RequestError ? error.response?.headers : undefined
  const seconds = Number(headers?.['retry-after'])
  if (seconds > 0) return seconds
  const reset = Number(headers?.['x-ratelimit-reset'])
  if (headers?.['x-ratelimit-remaining'] === '0' && reset > 0) {
    return Math.max(1, Math.ceil(reset - Date.now() / 1000))
  }
  return RETRY_AFTER_S
}
