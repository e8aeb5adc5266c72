import type { Client, RestAnswer } from './client.js'
import { type Slipway, unique } from './slipway.js'

/** A candidate as REST shows it. */
export type RestCandidate = Record<
  | 'id'
  | 'project_name'
  | 'release_version'
  | 'release_candidate_version'
  | 'repo'
  | 'commit'
  | 'status'
  | 'actor'
  | 'created_at',
  string
>

/** A deployment as REST shows it. */
type RestDeployment = Record<
  'id' | 'project_name' | 'environment_name' | 'release_version' | 'release_candidate_version' | 'status' | 'actor',
  string
> &
  Record<
    | 'from_release_version'
    | 'from_release_candidate_version'
    | 'error_message'
    | 'external_url'
    | 'deploy_start_at'
    | 'deploy_end_at',
    string | null
  >

export interface SeededEnvironment {
  readonly name: string
  readonly id: string
  /** Asks for a deployment. */
  deploy(version: string): Promise<RestAnswer<RestDeployment>>
  /** Reports a status. */
  report(version: string, status: string, more?: object): Promise<RestAnswer<RestDeployment>>
  list(query?: string): Promise<RestDeployment[]>
  /** The version of the candidate that it runs. */
  current(): Promise<string | null>
}

export interface SeededProject {
  readonly name: string
  readonly id: string
  readonly repository: string
  /** Commits something and cuts a candidate at it. */
  cut(version: string): Promise<RestCandidate>
  createEnvironment(name?: string, tier?: string): Promise<SeededEnvironment>
}

/** Creates a project of the Slipway's repository; what it gives speaks as `client`. */
export async function createProject(slipway: Slipway, client: Client = slipway.as()): Promise<SeededProject> {
  const name = unique('shop')
  const repository = `acme/${name}`
  const { createProject: created } = await slipway
    .as()
    .query<{ createProject: { project: { id: string } } }>(
      'mutation ($input: CreateProjectInput!) { createProject(input: $input) { project { id } } }',
      { input: { name, repository, repositoryHost: 'GIT', cloneUrl: slipway.repository.cloneUrl } },
    )
  return {
    name,
    repository,
    id: created.project.id,
    cut: async version => {
      const commit = await slipway.repository.commit(version)
      const path = `/api/releases/${name}/releases/${encodeURIComponent(version)}`
      const { status, body } = await client.rest<RestCandidate>('POST', path, { repo: repository, commit })
      if (status !== 201) throw new Error(JSON.stringify(body))
      return body
    },
    createEnvironment: (environment = unique('production'), tier = 'PRODUCTION') =>
      createEnvironment(slipway, client, name, environment, tier),
  }
}

async function createEnvironment(
  slipway: Slipway,
  client: Client,
  project: string,
  name: string,
  tier: string,
): Promise<SeededEnvironment> {
  const { createEnvironment: created } = await slipway
    .as()
    .query<{ createEnvironment: { environment: { id: string } } }>(
      'mutation ($input: CreateEnvironmentInput!) { createEnvironment(input: $input) { environment { id } } }',
      { input: { project, name, tier } },
    )
  const path = `/api/releases/${project}/environments/${name}/deployments`
  return {
    name,
    id: created.environment.id,
    deploy: version => client.rest('POST', path, { release_candidate_version: version }),
    report: (version, status, more = {}) =>
      client.rest('PATCH', path, { release_candidate_version: version, status, ...more }),
    list: async (query = '') => (await client.rest<RestDeployment[]>('GET', `${path}${query}`)).body,
    current: async () => {
      const { node } = await client.query<{ node: { current: { version: string } | null } }>(
        'query ($id: ID!) { node(id: $id) { ... on Environment { current { version } } } }',
        { id: created.environment.id },
      )
      return node.current?.version ?? null
    },
  }
}

/** A project on GitHub with an environment that `deploy.yml` deploys to, and a candidate `v1-rc1` to deploy. */
export async function createGitHubProject(
  slipway: Slipway,
  commit: string,
  { deployWorkflow = { githubActions: { workflow: 'deploy.yml' } }, buildWorkflow }: WorkflowsOfProject = {},
): Promise<{ readonly project: string; readonly path: string }> {
  const project = unique('shop')
  await slipway.as().query(
    `mutation ($project: CreateProjectInput!, $environment: CreateEnvironmentInput!) {
      createProject(input: $project) { project { id } }
      createEnvironment(input: $environment) { environment { id } }
    }`,
    {
      project: { name: project, repository: 'acme/shop', buildWorkflow },
      environment: { project, name: 'production', tier: 'PRODUCTION', deployWorkflow },
    },
  )
  const path = `/api/releases/${project}/releases/v1-rc1`
  const { status, body } = await slipway.as().rest('POST', path, { repo: 'acme/shop', commit })
  if (status !== 201) throw new Error(JSON.stringify(body))
  return { project, path: `/api/releases/${project}/environments/production/deployments` }
}

interface WorkflowsOfProject {
  readonly deployWorkflow?: object
  readonly buildWorkflow?: object
}
