import { createHash, createHmac, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text as textOf } from 'node:stream/consumers'

/** The token that it lets in. */
const API_TOKEN = 'bkua_secret'

/** A build on the stand-in, as its REST API shows it. */
export interface StandInBuild {
  readonly id: string
  readonly number: number
  readonly url: string
  readonly web_url: string
  readonly message: string | null
  readonly commit: string
  readonly branch: string
  readonly env: Readonly<Record<string, string>>
  readonly meta_data: Readonly<Record<string, string>>
  readonly source: 'api'
  readonly created_at: string
  state: string
  blocked: boolean
  started_at: string | null
  finished_at: string | null
}

interface BuildkiteRequest {
  readonly method: string
  readonly organization: string
  readonly pipeline: string
  /** Below the pipeline, such as `/builds/7/cancel`. */
  readonly path: string
  readonly query: URLSearchParams
  readonly body: unknown
  readonly authorization: string | undefined
  readonly ifNoneMatch: string | undefined
}

interface BuildkiteAnswer {
  readonly status: number
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

type Given = BuildkiteAnswer | 'hang' | 'drop' | undefined

/**
 * What the stand-in does with a request: gives an answer of its own, none, or `undefined` for the usual one. `answer`
 * does what was asked for; so that it can be done, and told otherwise.
 */
export type Interference = (request: BuildkiteRequest, answer: () => BuildkiteAnswer) => Given | Promise<Given>

/** An event as it is sent. */
interface BuildkiteEvent {
  readonly name: string
  readonly build: StandInBuild
  readonly body: string
}

/** What happens to an event on its way; those that are held come with `release`, the last one first. */
export type Fate = 'send' | 'drop' | 'double' | 'hold'

/** A Buildkite on loopback. */
export interface BuildkiteStandIn {
  readonly url: string
  /** `organization/pipeline`, with the pipeline's default branch. */
  readonly pipelines: Map<string, string>
  readonly builds: StandInBuild[]
  readonly requests: BuildkiteRequest[]
  /** What became of the events that were sent. */
  readonly deliveries: { readonly name: string; readonly number: number; readonly status: number }[]
  interfere: Interference
  fate: (event: BuildkiteEvent) => Fate
  /** Events go to this Slipway, signed with this token. */
  subscribe(slipwayUrl: string, token: string): void
  /** A build begins, or goes on after it was blocked or retried. */
  run(build: StandInBuild): void
  finish(build: StandInBuild, state: 'passed' | 'failed' | 'canceled' | 'skipped' | 'not_run'): void
  /** A build comes to a block step. */
  block(build: StandInBuild): void
  /** A build is gone, as when its pipeline's retention deletes it. */
  forget(build: StandInBuild): void
  /** The event as Buildkite would send it now; `changes` forge its build. */
  eventOf(name: string, build: StandInBuild, changes?: Partial<StandInBuild>): BuildkiteEvent
  /** Sends an event whatever its fate were to be. `headers` replace those that show that it is Buildkite's. */
  send(event: BuildkiteEvent, headers?: Readonly<Record<string, string>>): Promise<Response>
  /** Sends what was held, the last one first. */
  release(): Promise<void>
  stop(): Promise<void>
}

/** The header that shows that an event is Buildkite's. */
export function signatureOf(token: string, body: string, at = Math.floor(Date.now() / 1_000)): string {
  return `timestamp=${at},signature=${createHmac('sha256', token).update(`${at}.${body}`).digest('hex')}`
}

const ENDS = ['passed', 'failed', 'canceled', 'skipped', 'not_run']
const message = (status: number, words: string): BuildkiteAnswer => ({ status, body: { message: words } })
const unknown = (what: string) => message(404, `No ${what} found`)

export async function startBuildkiteStandIn(): Promise<BuildkiteStandIn> {
  const pipelineOfBuild = new Map<StandInBuild, string>()
  const held: BuildkiteEvent[] = []
  const underWay = new Set<Promise<unknown>>()
  let subscriber: { readonly url: string; readonly token: string } | undefined

  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')

  const change = (build: StandInBuild, event: string, to: Partial<StandInBuild>) => {
    Object.assign(build, to)
    emit(standIn.eventOf(event, build))
  }
  const standIn: BuildkiteStandIn = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    pipelines: new Map([['acme/deploy', 'main']]),
    builds: [],
    requests: [],
    deliveries: [],
    interfere: () => undefined,
    fate: () => 'send',
    subscribe: (url, token) => {
      subscriber = { url, token }
    },
    run: build =>
      change(build, 'build.running', {
        state: 'running',
        blocked: false,
        started_at: build.started_at ?? now(),
        finished_at: null,
      }),
    finish: (build, state) => change(build, 'build.finished', { state, blocked: false, finished_at: now() }),
    block: build => {
      Object.assign(build, { state: 'blocked', blocked: true })
      // In its REST API such a build is blocked; its event tells of what was done so far.
      emit(standIn.eventOf('build.finished', build, { state: 'passed', finished_at: now() }))
    },
    forget: build => {
      standIn.builds.splice(standIn.builds.indexOf(build), 1)
    },
    eventOf: (name, build, changes = {}) => {
      const [organization, slug] = (pipelineOfBuild.get(build) ?? 'acme/deploy').split('/')
      const url = `https://api.buildkite.com/v2/organizations/${organization}/pipelines/${slug}`
      const body = JSON.stringify({
        event: name,
        build: { ...build, ...changes },
        pipeline: { slug, url },
        sender: { id: '8a7693f8-dbae-4783-9137-84090fce9045', name: 'Some Person' },
      })
      return { name, build, body }
    },
    send: async ({ name, build, body }, headers) => {
      if (subscriber === undefined) throw new Error('Nobody has subscribed to the events')
      const response = await fetch(`${subscriber.url}/webhooks/buildkite`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'user-agent': 'Buildkite-Request',
          'x-buildkite-event': name,
          ...(headers ?? { 'x-buildkite-signature': signatureOf(subscriber.token, body) }),
        },
        body,
      })
      standIn.deliveries.push({ name, number: build.number, status: response.status })
      return response
    },
    release: async () => {
      for (const event of held.splice(0).reverse()) await standIn.send(event)
    },
    stop: async () => {
      await Promise.all(underWay)
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  return standIn

  function emit(event: BuildkiteEvent): void {
    if (subscriber === undefined) return
    const fate = standIn.fate(event)
    if (fate === 'drop') return
    if (fate === 'hold') {
      held.push(event)
      return
    }
    const copies = fate === 'double' ? 2 : 1
    for (let copy = 0; copy < copies; copy++) {
      // Buildkite does not come back to an event that found nobody.
      const work = standIn.send(event).catch(() => undefined)
      underWay.add(work)
      work.finally(() => underWay.delete(work))
    }
  }

  function respond(request: BuildkiteRequest): BuildkiteAnswer {
    const { method, organization, pipeline, path, query, authorization, ifNoneMatch } = request
    if (authorization !== `Bearer ${API_TOKEN}`) {
      return message(401, 'Authentication required. Please supply a valid API Access Token')
    }
    const place = `${organization}/${pipeline}`
    const defaultBranch = standIn.pipelines.get(place)
    if (defaultBranch === undefined) return unknown('pipeline')
    if (path === '' && method === 'GET') {
      const url = `https://api.buildkite.com/v2/organizations/${organization}/pipelines/${pipeline}`
      return { status: 200, body: { slug: pipeline, default_branch: defaultBranch, url } }
    }
    const builds = standIn.builds.filter(build => pipelineOfBuild.get(build) === place)
    if (path === '/builds' && method === 'POST') return create(request, place)
    if (path === '/builds' && method === 'GET') {
      const wanted = [...query].flatMap(([name, value]) => {
        const [, key] = /^meta_data\[(.+)\]$/.exec(name) ?? []
        return key === undefined ? [] : [[key, value] as const]
      })
      const fitting = builds.filter(build => wanted.every(([key, value]) => build.meta_data[key] === value))
      return { status: 200, body: fitting.reverse() }
    }
    const [, number, action] = /^\/builds\/(\d+)(\/cancel)?$/.exec(path) ?? []
    const build = builds.find(candidate => String(candidate.number) === number)
    if (build === undefined) return unknown('build')
    if (action !== undefined && method === 'PUT') {
      if (ENDS.includes(build.state)) return message(422, 'Build can’t be canceled because it’s already finished.')
      build.state = 'canceling'
      return { status: 200, body: { ...build } }
    }
    if (action !== undefined || method !== 'GET') return message(405, 'Method not allowed')
    const etag = `W/"${createHash('sha256').update(JSON.stringify(build)).digest('hex').slice(0, 32)}"`
    if (ifNoneMatch === etag) return { status: 304, headers: { etag } }
    return { status: 200, body: { ...build }, headers: { etag } }
  }

  function create({ body, organization, pipeline }: BuildkiteRequest, place: string): BuildkiteAnswer {
    const given = (body ?? {}) as Partial<StandInBuild>
    const missing = (['commit', 'branch'] as const).filter(field => !given[field])
    if (missing.length > 0) {
      const errors = missing.map(field => ({ field, code: 'missing_field' }))
      return { status: 422, body: { message: 'Validation Failed', errors } }
    }
    const number = nextNumber++
    const build: StandInBuild = {
      id: randomUUID(),
      number,
      url: `https://api.buildkite.com/v2/organizations/${organization}/pipelines/${pipeline}/builds/${number}`,
      web_url: `https://buildkite.com/${place}/builds/${number}`,
      message: given.message ?? null,
      commit: given.commit ?? '',
      branch: given.branch ?? '',
      env: given.env ?? {},
      meta_data: given.meta_data ?? {},
      source: 'api',
      created_at: now(),
      state: 'scheduled',
      blocked: false,
      started_at: null,
      finished_at: null,
    }
    pipelineOfBuild.set(build, place)
    standIn.builds.push(build)
    emit(standIn.eventOf('build.scheduled', build))
    return { status: 201, body: { ...build } }
  }

  async function handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(incoming.url ?? '/', 'http://stand-in')
    const [, organization = '', pipeline = '', path = ''] =
      /^\/v2\/organizations\/([^/]+)\/pipelines\/([^/]+)(\/.*)?$/.exec(url.pathname) ?? []
    const sent = await textOf(incoming)
    const request: BuildkiteRequest = {
      method: incoming.method ?? 'GET',
      organization,
      pipeline,
      path,
      query: url.searchParams,
      body: sent === '' ? undefined : JSON.parse(sent),
      authorization: incoming.headers.authorization,
      ifNoneMatch: incoming.headers['if-none-match'],
    }
    standIn.requests.push(request)
    const given = (await standIn.interfere(request, () => respond(request))) ?? respond(request)
    if (given === 'hang') return
    if (given === 'drop') {
      incoming.socket.destroy()
      return
    }
    const headers = given.body === undefined ? {} : { 'content-type': 'application/json; charset=utf-8' }
    response.writeHead(given.status, { ...headers, ...given.headers })
    response.end(given.body === undefined ? undefined : JSON.stringify(given.body))
  }
}

/** Builds are told apart by their numbers in all that a test looks at. */
let nextNumber = 1

function now(): string {
  return new Date().toISOString()
}
