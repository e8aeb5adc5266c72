import { type Octokit, RequestError } from 'octokit'
import type { Logger } from 'pino'
import { createGitHubClient, type GitHubSettings, retryAfterSeconds } from '../repository/github.client.js'
import { type GitHubActionsWorkflow, parametersOf } from '../workflow/workflow.js'
import { withDeadline } from './deadline.js'
import { observeGitHubRun } from './github-run.rules.js'
import {
  connectionFailure,
  outcomeLater,
  outcomeOnce,
  outcomeRepeatable,
  type ProviderFailure,
} from './provider-failure.js'
import { tokensIn } from './run-token.rules.js'
import type { CheckOutcome, DispatchOutcome, FindOutcome, Runner, RunOrder } from './runner.js'

const NAME = 'GitHub'
/** Shorter than the time after which a dispatch is looked up, so that none is under way by then. */
const TIMEOUT_MS = 10_000
/** A repository's default branch is asked for again after so long. */
const DEFAULT_BRANCH_MS = 5 * 60_000
/** GitHub's clock and ours may differ by so much when its runs are looked through. */
const CLOCK_TOLERANCE_MS = 60_000

/** A secondary limit that does not say how long it lasts is left alone for so long, as GitHub's page on limits asks. */
const LIMIT_MS = 60_000

type Order = RunOrder<GitHubActionsWorkflow>
type GitHubRun = Awaited<ReturnType<typeof listRuns>>[number]

/** GitHub Actions, through GitHub's REST API. */
export function createGitHubActionsRunner(settings: GitHubSettings, log: Logger): Runner<GitHubActionsWorkflow> {
  const client = createGitHubClient({ ...settings, retries: 0 }, log)
  const { timeoutMs = TIMEOUT_MS } = settings
  const defaultBranches = new Map<string, { readonly name: string; readonly until: number }>()

  async function defaultBranch(octokit: Octokit, call: Call): Promise<string> {
    const key = `${call.owner}/${call.repo}`.toLowerCase()
    const known = defaultBranches.get(key)
    if (known !== undefined && known.until > Date.now()) return known.name
    const { data } = await octokit.request('GET /repos/{owner}/{repo}', call)
    defaultBranches.set(key, { name: data.default_branch, until: Date.now() + DEFAULT_BRANCH_MS })
    return data.default_branch
  }

  /** Has GitHub asked, and its failures told as outcomes. */
  async function ask<Outcome>(
    { workflow }: Order,
    signal: AbortSignal,
    question: (octokit: Octokit, call: Call) => Promise<Outcome>,
  ): Promise<Outcome | ProviderFailure> {
    const [owner = '', repo = ''] = workflow.repository.split('/')
    try {
      return await withDeadline(timeoutMs, signal, async inTime => {
        const request = { signal: inTime }
        return question(await client.forRepository(owner, repo, request), { owner, repo, request })
      })
    } catch (error) {
      return failure(error)
    }
  }

  return {
    name: NAME,
    canBeAsked: true,
    credentialOf: ({ repository }) => client.credentialOf(repository),

    // All of it has one deadline: what is looked up after that must not be under way any more.
    dispatch: (order, signal) =>
      withDeadline(timeoutMs, signal, async (inTime): Promise<DispatchOutcome> => {
        // What fails before the dispatch itself is asked for has certainly not started anything.
        const prepared = await ask(order, inTime, async (octokit, call) => ({
          kind: 'ready' as const,
          ref: order.workflow.ref ?? (await defaultBranch(octokit, call)),
        }))
        if (prepared.kind === 'failure') return outcomeRepeatable(prepared)
        const answer = await ask(order, inTime, (octokit, call) => start(octokit, call, order, prepared.ref))
        return answer.kind === 'failure' ? outcomeOnce(answer) : answer
      }),

    async find(order, others, signal): Promise<FindOutcome> {
      const since = new Date(order.askedAt.getTime() - CLOCK_TOLERANCE_MS)
      const listed = await ask(order, signal, async (octokit, call) => ({
        kind: 'listed' as const,
        runs: await listRuns(octokit, call, order.workflow.workflow, since),
      }))
      if (listed.kind === 'failure') return outcomeLater(listed)
      const taken = await others.taken(listed.runs.map(run => String(run.id)))
      const isTaken = (run: GitHubRun) => taken.has(String(run.id))
      const named = listed.runs.find(run => tokensIn(run.display_title).includes(order.token))
      // It was started, although another deployment has claimed it.
      if (named) return isTaken(named) ? { kind: 'ambiguous' } : found(named)
      // What has another's token, or is another's, is not it.
      const possible = listed.runs.filter(run => tokensIn(run.display_title).length === 0 && !isTaken(run))
      const [only] = possible
      if (only === undefined) return { kind: 'absent' }
      if (possible.length === 1 && !(await others.haveUnnamed())) return found(only)
      return { kind: 'ambiguous' }
    },

    async check(order, signal): Promise<CheckOutcome> {
      const answer = await ask(order, signal, (octokit, call) => see(octokit, call, order))
      if (answer.kind !== 'failure') return answer
      return answer.status === 404 ? { kind: 'missing' } : outcomeLater(answer)
    },

    async cancel(order, signal) {
      const run_id = Number(order.externalId)
      const answer = await ask(order, signal, async (octokit, call) => {
        await octokit.request('POST /repos/{owner}/{repo}/actions/runs/{run_id}/cancel', { ...call, run_id })
        return { kind: 'accepted' as const }
      })
      if (answer.kind === 'accepted') return answer
      // 409: it has ended by now; 404: it is no more.
      if (answer.status === 409 || answer.status === 404) return { kind: 'ended' }
      return outcomeRepeatable(answer)
    },
  }
}

type Call = { readonly owner: string; readonly repo: string; readonly request: { readonly signal: AbortSignal } }

async function start(octokit: Octokit, call: Call, order: Order, ref: string): Promise<DispatchOutcome> {
  const inputs = parametersOf(order.workflow, order.placeholders)
  const route = 'POST /repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches'
  const asked = { ...call, workflow_id: order.workflow.workflow, ref, inputs }
  try {
    const answer = await octokit.request(route, { ...asked, return_run_details: true })
    const data = answer.data as { workflow_run_id: number; html_url: string } | undefined
    // A server that does not know the flag may answer 204, which names no run.
    if (data?.workflow_run_id === undefined) return { kind: 'accepted', externalId: null, url: null }
    return { kind: 'accepted', externalId: String(data.workflow_run_id), url: data.html_url }
  } catch (error) {
    if (!isFlagRefused(error)) throw error
    await octokit.request(route, asked)
    return { kind: 'accepted', externalId: null, url: null }
  }
}

/** GitHub Enterprise Server up to 3.20 does not know `return_run_details` and says so. */
function isFlagRefused(error: unknown): boolean {
  return error instanceof RequestError && error.status === 400 && /not a permitted key/i.test(error.message)
}

function listRuns(octokit: Octokit, call: Call, workflow_id: string, since: Date) {
  return octokit.paginate('GET /repos/{owner}/{repo}/actions/workflows/{workflow_id}/runs', {
    ...call,
    workflow_id,
    event: 'workflow_dispatch',
    created: `>=${since.toISOString().replace(/\.\d+Z$/, 'Z')}`,
    per_page: 100,
  })
}

/** Asks for a run's newest attempt, and also for the one that is followed if that is another. */
async function see(octokit: Octokit, call: Call, order: Order): Promise<CheckOutcome> {
  const run_id = Number(order.externalId)
  try {
    const { data, headers } = await octokit.request('GET /repos/{owner}/{repo}/actions/runs/{run_id}', {
      ...call,
      run_id,
      exclude_pull_requests: true,
      ...(order.etag !== null && { headers: { 'if-none-match': order.etag } }),
    })
    const newest = observeGitHubRun(data)
    const observations = newest === null ? [] : [newest]
    if (newest !== null && newest.attempt > order.attempt) {
      const followed = await seeAttempt(octokit, call, run_id, order.attempt)
      if (followed !== null) observations.unshift(followed)
    }
    return { kind: 'seen', observations, etag: headers.etag ?? null }
  } catch (error) {
    if (error instanceof RequestError && error.status === 304) return { kind: 'unchanged' }
    throw error
  }
}

/** Asks for an older attempt of a run; null when GitHub tells nothing of it any more. */
async function seeAttempt(octokit: Octokit, call: Call, run_id: number, attempt_number: number) {
  const route = 'GET /repos/{owner}/{repo}/actions/runs/{run_id}/attempts/{attempt_number}'
  try {
    const { data } = await octokit.request(route, { ...call, run_id, attempt_number, exclude_pull_requests: true })
    return observeGitHubRun(data)
  } catch (error) {
    if (error instanceof RequestError && error.status === 404) return null
    throw error
  }
}

function found(run: GitHubRun): FindOutcome {
  return { kind: 'found', externalId: String(run.id), url: run.html_url }
}

function failure(error: unknown): ProviderFailure {
  if (!(error instanceof RequestError) || error.response === undefined) return connectionFailure(error, NAME)
  const { status, message } = error
  const seconds = retryAfterSeconds(error)
  const isRateLimit = status === 429 || (status === 403 && (seconds !== undefined || /rate limit/i.test(message)))
  const retryAfterMs = seconds !== undefined ? seconds * 1_000 : isRateLimit ? LIMIT_MS : null
  const certainty = status >= 500 ? 'unclear' : 'refused'
  return { kind: 'failure', certainty, status, reason: `${NAME}: ${wordsOf(error)}`, retryAfterMs, isRateLimit }
}

/** What GitHub says, without the link to its documentation that Octokit appends. */
function wordsOf(error: RequestError): string {
  const { message } = (error.response?.data ?? {}) as { message?: unknown }
  return typeof message === 'string' ? message : `it answered ${error.status}`
}
