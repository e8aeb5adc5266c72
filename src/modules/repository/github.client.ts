import { App, Octokit, RequestError } from 'octokit'
import type { Logger } from 'pino'

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

type RequestOptions = { readonly signal: AbortSignal }

/** GitHub's REST API with this server's credentials. */
export interface GitHubClient {
  /** The API as it is to be asked about a repository; where the app is not installed this fails with 404. */
  forRepository(owner: string, repo: string, request: RequestOptions): Promise<Octokit>
  /** Names the credential used for a repository, by which GitHub counts the calls. */
  credentialOf(repository: string): string
}

/** Answers that asking again does not change; 403 and 429 are limits, which are not to be waited for here. */
const NO_RETRY = [400, 401, 403, 404, 409, 410, 422, 429, 451]
/** The app's installations are looked up again after so long: it may have been installed anew. */
const INSTALLATION_MS = 10 * 60_000

/** @param settings with `retries` 0 nothing is asked twice, which what starts a run needs */
export function createGitHubClient(settings: GitHubSettings & { readonly retries: number }, log: Logger): GitHubClient {
  const { apiUrl, token, app, retries, retryDelayMs = 1_000 } = settings
  // Octokit's own log tells URLs and limits, never credentials.
  const octokitLog = { debug: () => {}, info: () => {}, warn: log.warn.bind(log), error: log.error.bind(log) }
  const SlipwayOctokit = Octokit.defaults({
    baseUrl: apiUrl,
    userAgent: 'slipway',
    log: octokitLog,
    retry: { enabled: retries > 0, doNotRetry: NO_RETRY, retries, retryAfterBaseValue: retryDelayMs },
    throttle: { enabled: retries > 0, onRateLimit: () => false, onSecondaryRateLimit: () => false },
  })
  const plain = new SlipwayOctokit(token === undefined ? {} : { auth: token })
  if (app === undefined) {
    return { forRepository: async () => plain, credentialOf: () => `github ${apiUrl}` }
  }
  const githubApp = new App({ appId: app.id, privateKey: app.privateKey, Octokit: SlipwayOctokit, log: octokitLog })
  const installations = new Map<string, { readonly octokit: Octokit; readonly until: number }>()
  return {
    async forRepository(owner, repo, request) {
      const name = `${owner}/${repo}`.toLowerCase()
      const known = installations.get(name)
      if (known !== undefined && known.until > Date.now()) return known.octokit
      const { data } = await githubApp.octokit.request('GET /repos/{owner}/{repo}/installation', {
        owner,
        repo,
        request,
      })
      const octokit = await githubApp.getInstallationOctokit(data.id)
      installations.set(name, { octokit, until: Date.now() + INSTALLATION_MS })
      return octokit
    },
    // An installation has a rate of its own, and there is one for each owner.
    credentialOf: repository => `github ${apiUrl} ${repository.split('/')[0]?.toLowerCase()}`,
  }
}

/** Reads how long GitHub wants to be left alone: `Retry-After`, or the time at which the rate limit is lifted. */
export function retryAfterSeconds(error: unknown): number | undefined {
  const headers = error instanceof RequestError ? error.response?.headers : undefined
  const seconds = Number(headers?.['retry-after'])
  if (seconds > 0) return seconds
  const reset = Number(headers?.['x-ratelimit-reset'])
  if (headers?.['x-ratelimit-remaining'] === '0' && reset > 0) {
    return Math.max(1, Math.ceil(reset - Date.now() / 1000))
  }
  return undefined
}
