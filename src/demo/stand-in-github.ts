import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'

/** A run of a workflow on the stand-in. */
export interface StandInRun {
  readonly id: number
  readonly workflow: string
  readonly ref: string
  readonly inputs: Readonly<Record<string, string>>
  /** By attempt, the first one first. */
  readonly attempts: StandInAttempt[]
  readonly createdAt: Date
}

interface StandInAttempt {
  status: 'queued' | 'in_progress' | 'completed'
  conclusion: string | null
  updatedAt: Date
}

/** A workflow file that can be dispatched. */
interface StandInWorkflow {
  /** Names of its declared inputs; others are refused. */
  readonly inputs: readonly string[]
  /** The input that its `run-name` shows; without one its runs are named like the workflow. */
  readonly titleInput?: string
}

export interface StandInRequest {
  /** As GitHub's description names it, such as `GET /repos/{owner}/{repo}`. */
  readonly operation: string
  readonly path: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  readonly body: unknown
  readonly authorization: string | undefined
  readonly ifNoneMatch: string | undefined
}

export interface StandInAnswer {
  readonly status: number
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** Something that happened to a run, as GitHub tells it to a webhook. */
export interface StandInEvent {
  readonly action: 'requested' | 'in_progress' | 'completed'
  readonly run: StandInRun
  readonly body: Readonly<Record<string, unknown>>
}

type Route = readonly [pattern: RegExp, operation: string, respond: (request: StandInRequest) => StandInAnswer]

export interface StandInOptions {
  /** `owner/repo`, the only repository there is. */
  readonly repository?: string
  /** What an answer to an operation looks like; the members that matter are put in. */
  readonly example?: (operation: string) => Record<string, unknown>
  /** Routes beside those of repositories and Actions. */
  readonly routes?: readonly Route[]
  /** Stands between a request and its answer, which it may replace, or never give. */
  readonly interfere?: (request: StandInRequest, answer: () => StandInAnswer) => StandInAnswer | 'hang' | 'drop'
  /** Called with every request that GitHub has no such operation for. */
  readonly onUnknown?: (call: string) => void
  /** Called when something happens to a run. */
  readonly onEvent?: (event: StandInEvent) => void
}

const message = (text: string, status: number) => ({
  message: text,
  documentation_url: 'https://docs.github.com/rest',
  status: String(status),
})
const notFound: StandInAnswer = { status: 404, body: message('Not Found', 404) }

/** Plays as much of GitHub as Slipway asks for, on loopback: one repository, its commits, and the runs of its workflows. */
export class StandInGitHub {
  url = ''
  readonly commits: string[] = []
  readonly branches = new Map<string, string>()
  readonly workflows = new Map<string, StandInWorkflow>()
  readonly runs: StandInRun[] = []
  private readonly server = createServer((request, response) => {
    this.answer(request, response).catch(() => response.destroy())
  })
  private readonly routes: readonly Route[]

  private constructor(private readonly options: StandInOptions) {
    this.routes = [...(options.routes ?? []), ...this.actionRoutes(), ...this.repositoryRoutes()]
  }

  static async start(options: StandInOptions = {}): Promise<StandInGitHub> {
    const standIn = new StandInGitHub(options)
    standIn.server.listen(0, '127.0.0.1')
    await once(standIn.server, 'listening')
    standIn.url = `http://127.0.0.1:${(standIn.server.address() as AddressInfo).port}`
    return standIn
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections()
    this.server.close()
    await once(this.server, 'close')
  }

  /** The run's newest attempt begins. */
  begin(run: StandInRun): void {
    this.change(run, { status: 'in_progress', conclusion: null }, 'in_progress')
  }

  /** The run's newest attempt ends. */
  finish(run: StandInRun, conclusion: string): void {
    this.change(run, { status: 'completed', conclusion }, 'completed')
  }

  /** Somebody has the run run again. */
  rerun(run: StandInRun): void {
    run.attempts.push({ status: 'queued', conclusion: null, updatedAt: new Date() })
    this.tell(run, 'requested')
  }

  /** The run is gone, as when somebody deletes it. */
  forget(run: StandInRun): void {
    this.runs.splice(this.runs.indexOf(run), 1)
  }

  private change(
    run: StandInRun,
    to: Pick<StandInAttempt, 'status' | 'conclusion'>,
    action: StandInEvent['action'],
  ): void {
    Object.assign(newestOf(run), to, { updatedAt: new Date() })
    this.tell(run, action)
  }

  private tell(run: StandInRun, action: StandInEvent['action']): void {
    const workflow_run = this.runBody(run, run.attempts.length, 'event workflow_run')
    const repository = { full_name: this.repository, default_branch: 'main' }
    this.options.onEvent?.({ action, run, body: { action, workflow_run, repository } })
  }

  private get repository(): string {
    return this.options.repository ?? 'acme/shop'
  }

  private example(operation: string): Record<string, unknown> {
    return this.options.example?.(operation) ?? {}
  }

  private isOurs({ path }: StandInRequest): boolean {
    return `${path['owner']}/${path['repo']}`.toLowerCase() === this.repository.toLowerCase()
  }

  private repositoryRoutes(): Route[] {
    return [
      [
        /^GET \/repos\/(?<owner>[^/]+)\/(?<repo>[^/]+)\/commits\/(?<ref>[^/]+)$/,
        'GET /repos/{owner}/{repo}/commits/{ref}',
        request => {
          if (!this.isOurs(request)) return notFound
          const { ref = '' } = request.path
          const matches = this.commits.filter(sha => sha.startsWith(ref))
          const sha = this.branches.get(ref) ?? (matches.length === 1 ? matches[0] : undefined)
          if (sha === undefined) return { status: 422, body: message(`No commit found for SHA: ${ref}`, 422) }
          // The file in GitHub's example lacks members that its description requires.
          return { status: 200, body: { ...this.example(request.operation), sha, files: [] } }
        },
      ],
      [
        /^GET \/repos\/(?<owner>[^/]+)\/(?<repo>[^/]+)$/,
        'GET /repos/{owner}/{repo}',
        request =>
          this.isOurs(request)
            ? { status: 200, body: { ...this.example(request.operation), default_branch: 'main' } }
            : notFound,
      ],
    ]
  }

  private actionRoutes(): Route[] {
    const actions = '\\/repos\\/(?<owner>[^/]+)\\/(?<repo>[^/]+)\\/actions'
    const ofRun = (operation: string, respond: (run: StandInRun, request: StandInRequest) => StandInAnswer): Route => {
      const path = operation.slice(operation.indexOf('/actions') + '/actions'.length)
      const pattern = path.replaceAll('/', '\\/').replaceAll(/\{(\w+)\}/g, '(?<$1>\\d+)')
      const method = operation.split(' ')[0]
      return [
        new RegExp(`^${method} ${actions}${pattern}$`),
        operation,
        request => {
          const run = this.runs.find(({ id }) => String(id) === request.path['run_id'])
          return run !== undefined && this.isOurs(request) ? respond(run, request) : notFound
        },
      ]
    }
    return [
      [
        new RegExp(`^POST ${actions}\\/workflows\\/(?<workflow_id>[^/]+)\\/dispatches$`),
        'POST /repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches',
        request => (this.isOurs(request) ? this.dispatch(request) : notFound),
      ],
      [
        new RegExp(`^GET ${actions}\\/workflows\\/(?<workflow_id>[^/]+)\\/runs$`),
        'GET /repos/{owner}/{repo}/actions/workflows/{workflow_id}/runs',
        request => {
          if (!this.isOurs(request) || !this.workflows.has(request.path['workflow_id'] ?? '')) return notFound
          return this.list(request)
        },
      ],
      ofRun('GET /repos/{owner}/{repo}/actions/runs/{run_id}', (run, { operation, ifNoneMatch }) => {
        const { status, conclusion } = newestOf(run)
        const etag = `"${run.id}-${run.attempts.length}-${status}-${conclusion}"`
        if (ifNoneMatch === etag) return { status: 304, headers: { etag } }
        return { status: 200, body: this.runBody(run, run.attempts.length, operation), headers: { etag } }
      }),
      ofRun('GET /repos/{owner}/{repo}/actions/runs/{run_id}/attempts/{attempt_number}', (run, { path, operation }) => {
        const attempt = Number(path['attempt_number'])
        return run.attempts[attempt - 1] === undefined
          ? notFound
          : { status: 200, body: this.runBody(run, attempt, operation) }
      }),
      ofRun('POST /repos/{owner}/{repo}/actions/runs/{run_id}/cancel', run => {
        if (newestOf(run).status === 'completed') {
          return { status: 409, body: message('Cannot cancel a workflow run that is completed.', 409) }
        }
        setTimeout(() => this.finish(run, 'cancelled'), 20)
        return { status: 202, body: {} }
      }),
    ]
  }

  private dispatch({ path, body }: StandInRequest): StandInAnswer {
    const name = path['workflow_id'] ?? ''
    const workflow = this.workflows.get(name)
    if (workflow === undefined) return notFound
    const {
      ref,
      inputs = {},
      return_run_details,
    } = body as {
      ref: string
      inputs?: Record<string, string>
      return_run_details?: boolean
    }
    if (ref !== 'main' && !this.branches.has(ref)) {
      return { status: 422, body: message(`No ref found for: ${ref}`, 422) }
    }
    const unexpected = Object.keys(inputs).filter(input => !workflow.inputs.includes(input))
    if (unexpected.length > 0) {
      return { status: 422, body: message(`Unexpected inputs provided: ${JSON.stringify(unexpected)}`, 422) }
    }
    const createdAt = new Date()
    const attempts: StandInAttempt[] = [{ status: 'queued', conclusion: null, updatedAt: createdAt }]
    const run = { id: nextRunId++, workflow: name, ref, inputs, attempts, createdAt }
    this.runs.push(run)
    this.tell(run, 'requested')
    if (!return_run_details) return { status: 204 }
    const html_url = this.pageOf(run)
    return { status: 200, body: { workflow_run_id: run.id, run_url: `${this.url}/actions/runs/${run.id}`, html_url } }
  }

  private list({ path, query, operation }: StandInRequest): StandInAnswer {
    const since = new Date(query.get('created')?.replace('>=', '') ?? 0)
    const [size, page] = [Number(query.get('per_page') ?? 30), Number(query.get('page') ?? 1)]
    const runs = this.runs.filter(run => run.workflow === path['workflow_id'] && run.createdAt >= since).reverse()
    const shown = runs.slice((page - 1) * size, page * size)
    query.set('page', String(page + 1))
    const next = `<${this.url}/repos/${this.repository}/actions/workflows/${path['workflow_id']}/runs?${query}>; rel="next"`
    return {
      status: 200,
      headers: page * size < runs.length ? { link: next } : {},
      body: {
        total_count: runs.length,
        workflow_runs: shown.map(run => this.runBody(run, run.attempts.length, operation)),
      },
    }
  }

  private pageOf(run: StandInRun): string {
    return `https://github.com/${this.repository}/actions/runs/${run.id}`
  }

  private runBody(run: StandInRun, attempt: number, operation: string): Record<string, unknown> {
    const state = run.attempts[attempt - 1] ?? newestOf(run)
    const { titleInput } = this.workflows.get(run.workflow) ?? {}
    const title = titleInput === undefined ? run.workflow : `${run.workflow} for ${run.inputs[titleInput]}`
    const listed = this.example(operation)['workflow_runs'] as Record<string, unknown>[] | undefined
    return {
      ...(listed?.[0] ?? this.example(operation)),
      id: run.id,
      run_attempt: attempt,
      status: state.status,
      conclusion: state.conclusion,
      display_title: title,
      event: 'workflow_dispatch',
      head_branch: run.ref,
      html_url: this.pageOf(run),
      created_at: inSeconds(run.createdAt),
      updated_at: inSeconds(state.updatedAt),
    }
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://stand-in')
    const call = `${request.method} ${url.pathname.replace(/^\/api\/v3/, '')}`
    const body = request.method === 'POST' ? await json(request).catch(() => undefined) : undefined
    const route = this.routes.find(([pattern]) => pattern.test(call))
    if (route === undefined) {
      this.options.onUnknown?.(call)
      response.writeHead(404).end()
      return
    }
    const [pattern, operation, respond] = route
    const path = Object.fromEntries(
      Object.entries(pattern.exec(call)?.groups ?? {}).map(([key, value]) => [key, decodeURIComponent(value)]),
    )
    const { authorization, 'if-none-match': ifNoneMatch } = request.headers
    const asked = { operation, path, query: url.searchParams, body, authorization, ifNoneMatch }
    const given = this.options.interfere?.(asked, () => respond(asked)) ?? respond(asked)
    if (given === 'hang') return
    if (given === 'drop') {
      request.socket.destroy()
      return
    }
    const headers = given.body === undefined ? {} : { 'content-type': 'application/json; charset=utf-8' }
    response.writeHead(given.status, { ...headers, ...given.headers })
    response.end(given.body === undefined ? undefined : JSON.stringify(given.body))
  }
}

/** GitHub never gives the number of a run that was deleted to another one. */
let nextRunId = 30_000_000

function newestOf(run: StandInRun): StandInAttempt {
  const newest = run.attempts.at(-1)
  if (newest === undefined) throw new Error('A run has at least one attempt')
  return newest
}

/** GitHub tells times in whole seconds. */
function inSeconds(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, 'Z')
}
