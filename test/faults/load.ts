import { randomBytes, randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { StandInGitHub } from '../../src/demo/stand-in-github.js'
import { type Client, createClient, type RestAnswer } from '../support/client.js'

/** Only `probe` deploys to this environment. */
const PROBED = 'probed'
/** An environment is deployed to by one pipeline at a time. */
const DEPLOYERS = 6
const REPORTERS = 3
const READERS = 2
/** A pipeline tries again after this time, whatever `Retry-After` says: more requests meet more faults. */
const AGAIN_MS = 200
/** What runs on the stand-in takes this long. */
const RUN_MS = 300
const HEALTH_MS = 250

const BOARD = `{ projects(first: 10) { nodes { name environments {
  name current { version } activeDeployments(first: 5) { nodes { status waitingFor { gate message } } }
  deployments(first: 5) { nodes { status actor candidate { version } } }
} } } }`

/** Pipelines, dashboards and probes of one project, which go on through refusals until `end`. */
export class Load {
  /** The deployments that the server has taken, by their IDs. */
  readonly deployments = new Set<string>()
  /** Those that a pipeline reported or saw as successful. */
  readonly successes = new Set<string>()
  /** The versions of the candidates that it has taken. */
  readonly candidates = new Set<string>()
  /** Descriptions of answers that nobody should get. */
  readonly unexpected: string[] = []
  /** How often the server asked a client to try again later. */
  refusals = 0
  slowestLifeSign = 0
  private isEnding = false
  private readonly client: Client
  private isOver = false
  private clients: Promise<unknown> = Promise.resolve()
  private runs: Promise<void> = Promise.resolve()

  constructor(
    private readonly url: string,
    token: string,
    private readonly github: StandInGitHub,
  ) {
    this.client = createClient(url, token)
  }

  async seed(): Promise<void> {
    await this.client.query(
      'mutation { createProject(input: { name: "shop", repository: "acme/shop" }) { project { id } } }',
    )
    for (const name of [PROBED, ...deployers(), ...reporters()]) {
      const deployWorkflow = reporters().includes(name) ? null : { githubActions: { workflow: 'deploy.yml' } }
      await this.client.query(
        'mutation ($input: CreateEnvironmentInput!) { createEnvironment(input: $input) { environment { id } } }',
        { input: { project: 'shop', name, tier: 'DEVELOPMENT', deployWorkflow } },
      )
    }
    await this.cut('v1-rc1')
  }

  begin(): void {
    this.clients = Promise.all([
      ...deployers().map(name => this.repeat(() => this.deploy(name))),
      ...reporters().map(name => this.repeat(() => this.cutAndReport(name))),
      ...Array.from({ length: READERS }, () => this.repeat(() => this.read())),
      this.repeat(() => this.askForLife()),
    ])
    this.runs = this.finishRuns()
  }

  /** Waits until everything that has begun is over. */
  async end(): Promise<void> {
    this.isEnding = true
    await this.clients
    // Until then, deployments were waited for that only end with their runs.
    this.isOver = true
    await this.runs
  }

  private async repeat(step: () => Promise<void>): Promise<void> {
    while (!this.isEnding) await step()
  }

  /** How long it takes from now until a change is taken, and until the job that it leaves is done, in milliseconds. */
  async probe(): Promise<Recovery> {
    const begun = performance.now()
    const id = await this.createDeployment(PROBED)
    const changes = performance.now() - begun
    await this.follow(id)
    return { changes, jobs: performance.now() - begun }
  }

  /** Deploys, and waits until it is done. */
  private async deploy(environment: string): Promise<void> {
    await this.follow(await this.createDeployment(environment))
  }

  private async createDeployment(environment: string): Promise<string> {
    const path = `/api/releases/shop/environments/${environment}/deployments`
    const body = { release_candidate_version: 'v1-rc1' }
    const { id } = await this.insist<{ id: string }>('POST', path, body)
    this.deployments.add(id)
    return id
  }

  private async follow(id: string): Promise<void> {
    for (let status = 'REQUESTED'; status !== 'SUCCESS'; status = await this.statusOf(id)) {
      if (['FAILURE', 'ERROR', 'CANCELED'].includes(status)) {
        this.unexpected.push(`deployment ${id} ended as ${status}`)
        return
      }
      await sleep(AGAIN_MS)
    }
    this.successes.add(id)
  }

  private async statusOf(id: string): Promise<string> {
    for (;;) {
      const answer = await this.ask<{ node: { status: string } }>(
        'query ($id: ID!) { node(id: $id) { ... on Deployment { status } } }',
        { id },
      )
      if (answer !== null) return answer.node.status
      await sleep(AGAIN_MS)
    }
  }

  private async cutAndReport(environment: string): Promise<void> {
    const version = `v${this.candidates.size + 2}.${randomBytes(4).readUInt32BE()}-rc1`
    await this.cut(version)
    const path = `/api/releases/shop/environments/${environment}/deployments`
    for (const status of ['in_progress', 'success']) {
      const body = { release_candidate_version: version, status }
      const { id } = await this.insist<{ id: string }>('PATCH', path, body)
      this.deployments.add(id)
      if (status === 'success') this.successes.add(id)
    }
  }

  private async cut(version: string): Promise<void> {
    const commit = randomBytes(20).toString('hex')
    this.github.commits.push(commit)
    await this.insist('POST', `/api/releases/shop/releases/${version}`, { repo: 'acme/shop', commit })
    this.candidates.add(version)
  }

  private async read(): Promise<void> {
    await this.ask(BOARD)
    await sleep(AGAIN_MS)
  }

  /** Sends a query. Null: the server asks to try again later. */
  private async ask<Data>(query: string, variables: object = {}): Promise<Data | null> {
    const { status, errors, data } = await this.client.graphql<Data>(query, variables)
    if (status === 200 && errors.length === 0) return data
    const isRefusal = errors.every(
      ({ extensions: { code, retryAfter } }) => code === 'UNAVAILABLE' && typeof retryAfter === 'number',
    )
    if (!isRefusal) this.unexpected.push(`${status} ${JSON.stringify(errors)} to ${query}`)
    this.refusals += 1
    return null
  }

  private async finishRuns(): Promise<void> {
    for (; !this.isOver; await sleep(AGAIN_MS)) {
      for (const run of this.github.runs) {
        const isDue = Date.now() > run.createdAt.getTime() + RUN_MS
        if (isDue && run.attempts.at(-1)?.status !== 'completed') this.github.finish(run, 'success')
      }
    }
  }

  private async askForLife(): Promise<void> {
    const asked = performance.now()
    const { status } = await fetch(`${this.url}/healthz`)
    this.slowestLifeSign = Math.max(this.slowestLifeSign, performance.now() - asked)
    if (status !== 200) this.unexpected.push(`/healthz: ${status}`)
    await sleep(HEALTH_MS)
  }

  /** Repeats a request under one key until it is carried out, as a pipeline does. */
  private async insist<Body>(method: 'POST' | 'PATCH', path: string, body: object): Promise<Body> {
    const key = { 'idempotency-key': randomUUID() }
    for (;;) {
      const answer = await this.client.rest<Body>(method, path, body, key)
      if (answer.status < 300) return answer.body
      if (!isLater(answer)) {
        this.unexpected.push(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
        throw new Error(this.unexpected.at(-1))
      }
      this.refusals += 1
      await sleep(AGAIN_MS)
    }
  }
}

export interface Recovery {
  readonly changes: number
  readonly jobs: number
}

/** Whether an answer asks to try again later. A key whose first request is still under way is refused with 409. */
function isLater({ status, headers }: RestAnswer<unknown>): boolean {
  return [409, 503].includes(status) && /^\d+$/.test(headers.get('retry-after') ?? '')
}

const names = (prefix: string, count: number) => Array.from({ length: count }, (_, index) => `${prefix}-${index + 1}`)
const deployers = () => names('deployed', DEPLOYERS)
const reporters = () => names('reported', REPORTERS)
