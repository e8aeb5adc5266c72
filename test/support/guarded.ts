import type { Client, RestAnswer } from './client.js'
import { createProject, type SeededEnvironment, type SeededProject } from './seed.js'
import type { Slipway } from './slipway.js'

/** A deployment as the tests of guardrails look at it. */
interface GuardedDeployment {
  readonly id: string
  readonly number: number
  readonly status: string
  readonly kind: string
  readonly isAutomatic: boolean
  readonly isForced: boolean
  readonly actor: string
  readonly errorMessage: string | null
  readonly admittedAt: string | null
  readonly finishedAt: string | null
  readonly candidate: { readonly version: string }
  readonly undoes: { readonly number: number } | null
  readonly waitingFor: readonly {
    readonly gate: string
    readonly message: string
    readonly resolution: string
    readonly opensAt: string | null
  }[]
}

const DEPLOYMENT = `
  id number status kind isAutomatic isForced actor errorMessage admittedAt finishedAt
  candidate { version } undoes { number } waitingFor { gate message resolution opensAt }`

/** An environment with guardrails. */
export interface GuardedEnvironment extends SeededEnvironment {
  /** Changes its gates or its automation. */
  guard(change: { readonly gates?: object; readonly automation?: object }): Promise<void>
  /** Asks for a deployment, as somebody else. */
  deployAs(client: Client, version: string, more?: object): Promise<RestAnswer<{ id: string; status: string }>>
  rollBack(more?: object, client?: Client): Promise<RestAnswer<{ id: string; release_candidate_version: string }>>
  /** Its deployments, oldest first. */
  deployments(): Promise<readonly GuardedDeployment[]>
  /** The newest of them. */
  newest(): Promise<GuardedDeployment>
  canDeploy(version: string): Promise<{
    allowed: boolean
    state: 'OPEN' | 'CLOSED' | 'REFUSED'
    gates: { gate: string; state: string }[]
  } | null>
}

export interface GuardedProject extends Omit<SeededProject, 'createEnvironment'> {
  createEnvironment(
    name: string,
    guardrails?: { readonly gates?: object; readonly automation?: object },
    tier?: string,
  ): Promise<GuardedEnvironment>
}

/** Creates a project whose environments have guardrails, and candidates of these versions. */
export async function createGuardedProject(slipway: Slipway, ...versions: string[]): Promise<GuardedProject> {
  const client = slipway.as()
  const project = await createProject(slipway, client)
  for (const version of versions) await project.cut(version)
  return {
    ...project,
    createEnvironment: async (name, guardrails = {}, tier = 'PRODUCTION') => {
      const seeded = await project.createEnvironment(name, tier)
      const path = `/api/releases/${project.name}/environments/${name}`
      const deployments = async () => {
        const { node } = await client.query<{ node: { deployments: { nodes: GuardedDeployment[] } } }>(
          `query ($id: ID!) { node(id: $id) { ... on Environment { deployments(first: 100) { nodes { ${DEPLOYMENT} } } } } }`,
          { id: seeded.id },
        )
        return node.deployments.nodes.toReversed()
      }
      const environment: GuardedEnvironment = {
        ...seeded,
        guard: async change => {
          await client.query(
            'mutation ($input: UpdateEnvironmentInput!) { updateEnvironment(input: $input) { environment { id } } }',
            { input: { project: project.name, environment: name, ...change } },
          )
        },
        deployAs: (other, version, more = {}) =>
          other.rest('POST', `${path}/deployments`, { release_candidate_version: version, ...more }),
        rollBack: (more = {}, other = client) => other.rest('POST', `${path}/rollback`, more),
        deployments,
        newest: async () => {
          const newest = (await deployments()).at(-1)
          if (newest === undefined) throw new Error('Nothing was deployed')
          return newest
        },
        canDeploy: async version => {
          const { node } = await client.query<{
            node: { canDeploy: Awaited<ReturnType<GuardedEnvironment['canDeploy']>> }
          }>(
            `query ($id: ID!, $version: String!) { node(id: $id) { ... on Environment {
              canDeploy(candidateVersion: $version) { allowed state downgrade gates { gate state message } } } } }`,
            { id: seeded.id, version },
          )
          return node.canDeploy
        },
      }
      if (Object.keys(guardrails).length > 0) await environment.guard(guardrails)
      return environment
    },
  }
}

/** Approves of a deployment, or rejects it, as somebody. */
export function review(client: Client, verdict: 'approve' | 'reject', deployment: string, comment = 'I looked at it') {
  return client.graphql<unknown>(
    `mutation ($input: ${verdict === 'approve' ? 'Approve' : 'Reject'}DeploymentInput!) {
      ${verdict}Deployment(input: $input) { deployment { id status } } }`,
    { input: { deployment, comment } },
  )
}

/** Declares a freeze, and answers its ID. */
export async function freeze(client: Client, input: object): Promise<string> {
  const { createFreeze } = await client.query<{ createFreeze: { freeze: { id: string } } }>(
    'mutation ($input: CreateFreezeInput!) { createFreeze(input: $input) { freeze { id } } }',
    { input: { reason: 'Holidays', ...input } },
  )
  return createFreeze.freeze.id
}

export async function liftFreeze(client: Client, id: string, more: object = {}): Promise<void> {
  await client.query('mutation ($input: LiftFreezeInput!) { liftFreeze(input: $input) { freeze { id } } }', {
    input: { freeze: id, ...more },
  })
}
