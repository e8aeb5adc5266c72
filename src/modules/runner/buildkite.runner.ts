import { type BuildkiteWorkflow, parametersOf } from '../workflow/workflow.js'
import { type BuildkiteBuildState, observeBuildkiteBuild } from './buildkite-build.rules.js'
import { withDeadline } from './deadline.js'
import {
  connectionFailure,
  outcomeLater,
  outcomeOnce,
  outcomeRepeatable,
  type ProviderFailure,
} from './provider-failure.js'
import { retryAfterMs } from './retry-after.rules.js'
import type { DispatchOutcome, Runner, RunOrder } from './runner.js'

export interface BuildkiteSettings {
  /** Without a slash at its end. */
  readonly apiUrl: string
  readonly token: string | undefined
  readonly timeoutMs?: number
}

type Order = RunOrder<BuildkiteWorkflow>
type Build = BuildkiteBuildState & { readonly number: number }

interface Answer<Body> {
  readonly kind: 'answer'
  /** Null when nothing has changed since the answer that had this ETag. */
  readonly body: Body | null
  readonly etag: string | null
}

interface Question {
  readonly method?: 'POST' | 'PUT'
  readonly body?: object
  readonly etag?: string | null
}

const NAME = 'Buildkite'
const TIMEOUT_MS = 10_000
/** Under this name a build carries the key of its run, by which it is found again. */
export const BUILDKITE_RUN_KEY = 'slipway-run'

/** Buildkite, through its REST API. */
export function createBuildkiteRunner({
  apiUrl,
  token,
  timeoutMs = TIMEOUT_MS,
}: BuildkiteSettings): Runner<BuildkiteWorkflow> {
  async function ask<Body>(
    order: Order,
    path: string,
    signal: AbortSignal,
    { method, body, etag }: Question = {},
  ): Promise<Answer<Body> | ProviderFailure> {
    if (token === undefined) {
      const reason = `${NAME} cannot be asked: BUILDKITE_TOKEN is not set`
      return { kind: 'failure', certainty: 'refused', status: null, reason, retryAfterMs: null, isRateLimit: false }
    }
    const { organization, pipeline } = order.workflow
    const call = async (inTime: AbortSignal): Promise<Answer<Body> | ProviderFailure> => {
      const response = await fetch(`${apiUrl}/v2/organizations/${organization}/pipelines/${pipeline}${path}`, {
        method: method ?? 'GET',
        headers: {
          authorization: `Bearer ${token}`,
          'user-agent': 'slipway',
          ...(body && { 'content-type': 'application/json' }),
          ...(etag && { 'if-none-match': etag }),
        },
        ...(body && { body: JSON.stringify(body) }),
        redirect: 'error',
        signal: inTime,
      })
      if (response.status === 304) return { kind: 'answer', body: null, etag: etag ?? null }
      if (!response.ok) return await failure(response)
      return { kind: 'answer', body: (await response.json()) as Body, etag: response.headers.get('etag') }
    }
    try {
      return await withDeadline(timeoutMs, signal, call)
    } catch (error) {
      return connectionFailure(error, NAME)
    }
  }

  async function dispatch(order: Order, signal: AbortSignal): Promise<DispatchOutcome> {
    const { workflow, placeholders } = order
    let { branch } = workflow
    if (branch === null) {
      const pipeline = await ask<{ default_branch: string | null }>(order, '', signal)
      // Nothing was started yet, so nothing is unclear.
      if (pipeline.kind === 'failure') return outcomeRepeatable(pipeline)
      branch = pipeline.body?.default_branch ?? 'main'
    }
    const verb = order.purpose === 'build' ? 'Build' : 'Deploy'
    const place = placeholders['environment.name'] === undefined ? '' : ` to ${placeholders['environment.name']}`
    const answer = await ask<Build>(order, '/builds', signal, {
      method: 'POST',
      body: {
        commit: placeholders['candidate.commit'],
        branch,
        message: `${verb} ${placeholders['project.name']} ${placeholders['candidate.version']}${place}`,
        env: parametersOf(workflow, placeholders),
        meta_data: { [BUILDKITE_RUN_KEY]: order.runId },
        // The pipeline's filters are for pushes; this is asked for by name.
        ignore_pipeline_branch_filters: true,
      },
    })
    if (answer.kind === 'failure') return outcomeOnce(answer)
    if (answer.body === null) return { kind: 'unclear', reason: `${NAME} answered nothing` }
    return { kind: 'accepted', externalId: String(answer.body.number), url: answer.body.web_url }
  }

  return {
    name: NAME,
    canBeAsked: true,
    // Its limits are the organization's.
    credentialOf: ({ organization }) => `buildkite ${organization.toLowerCase()}`,

    // All of it has one deadline: what is looked up after that must not be under way any more.
    dispatch: (order, signal) => withDeadline(timeoutMs, signal, inTime => dispatch(order, inTime)),

    async find(order, _others, signal) {
      const query = new URLSearchParams({ [`meta_data[${BUILDKITE_RUN_KEY}]`]: order.runId })
      const answer = await ask<Build[]>(order, `/builds?${query}`, signal)
      if (answer.kind === 'failure') return outcomeLater(answer)
      const [build] = answer.body ?? []
      if (build === undefined) return { kind: 'absent' }
      return { kind: 'found', externalId: String(build.number), url: build.web_url }
    },

    async check(order, signal) {
      const answer = await ask<Build>(order, `/builds/${order.externalId}`, signal, { etag: order.etag })
      if (answer.kind === 'failure') return answer.status === 404 ? { kind: 'missing' } : outcomeLater(answer)
      if (answer.body === null) return { kind: 'unchanged' }
      const observed = observeBuildkiteBuild(answer.body)
      return { kind: 'seen', observations: observed === null ? [] : [observed], etag: answer.etag }
    },

    async cancel(order, signal) {
      const answer = await ask(order, `/builds/${order.externalId}/cancel`, signal, { method: 'PUT' })
      if (answer.kind === 'answer') return { kind: 'accepted' }
      // 422: it has ended by now; 404: it is no more.
      if (answer.status === 422 || answer.status === 404) return { kind: 'ended' }
      return outcomeRepeatable(answer)
    },
  }
}

async function failure(response: Response): Promise<ProviderFailure> {
  const { status, headers } = response
  const { message } = (await response.json().catch(() => ({}))) as { message?: unknown }
  const words = typeof message === 'string' ? message : `it answered ${status}`
  const isRateLimit = status === 429
  // `RateLimit-Reset` is in seconds from now.
  const waitMs = retryAfterMs(headers.get('retry-after') ?? headers.get('ratelimit-reset'), new Date())
  return {
    kind: 'failure',
    certainty: status >= 500 ? 'unclear' : 'refused',
    status,
    reason: `${NAME}: ${words}`,
    retryAfterMs: isRateLimit ? (waitMs ?? 60_000) : null,
    isRateLimit,
  }
}
