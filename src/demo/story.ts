import type { DemoGitHub } from './demo-github.js'
import type { Narrator } from './narrator.js'

export const REPOSITORY = 'acme/shop'

const releases = (version: string) => `/api/releases/shop/releases/${version}`
const deployments = (environment: string) => `/api/releases/shop/environments/${environment}/deployments`

const CREATE_PROJECT = `
mutation {
  createProject(input: {
    name: "shop", repository: "${REPOSITORY}", buildWorkflow: { githubActions: { workflow: "build.yml" } }
  }) { project { id name repository } }
}`

const CREATE_ENVIRONMENTS = `
mutation ($workflow: WorkflowInput!) {
  production: createEnvironment(input: { project: "shop", name: "production", tier: PRODUCTION, deployWorkflow: $workflow }) { environment { id } }
  staging: createEnvironment(input: { project: "shop", name: "staging", tier: STAGING, deployWorkflow: $workflow }) { environment { id } }
  development: createEnvironment(input: { project: "shop", name: "development", tier: DEVELOPMENT }) { environment { id } }
}`

const TRACKING = `
{
  project(name: "shop") {
    environment(name: "staging") {
      deployments(first: 1) {
        nodes {
          status errorMessage externalUrl
          statusHistory { status actor at }
          tracking { source runner externalId attempt }
        }
      }
    }
  }
}`

const GUARD = `
mutation {
  updateEnvironment(input: {
    project: "shop", environment: "production"
    gates: { promotion: { environments: ["staging"] }, approval: { requiredApprovals: 1 }, lane: QUEUE }
  }) { environment { gates { promotion { environments { name } } approval { requiredApprovals } lane } } }
}`

const WHY_NOT = `
{
  project(name: "shop") {
    environment(name: "production") {
      activeDeployments(first: 1) {
        nodes { id candidate { version } status waitingFor { gate message resolution opensAt } }
      }
    }
  }
}`

interface WhyNot {
  readonly project: {
    readonly environment: { readonly activeDeployments: { readonly nodes: readonly { readonly id: string }[] } }
  }
}

const APPROVE = `
mutation ($deployment: ID!) {
  approveDeployment(input: { deployment: $deployment, comment: "The cards work" }) {
    deployment { admittedAt reviews { actor verdict comment } }
  }
}`

const DASHBOARD = `
{
  project(name: "shop") {
    environments {
      name
      current { version commit }
      deployments(first: 2) {
        nodes { candidate { version } previous { version } status errorMessage externalUrl finishedAt }
      }
    }
    releases(first: 5) {
      nodes { version commit candidates { version status actor } }
    }
  }
}`

/**
 * A team sets up a project whose builds and deployments GitHub runs, and ships two versions, the second at its second try
 * and with the approval of somebody else.
 */
export async function tellStory(narrator: Narrator, approver: Narrator, github: DemoGitHub): Promise<void> {
  const [apples, pears, cards, cardsThatWork] = github.commits

  narrator.say(
    'An administrator sets up a project and its environments, and tells which workflows build and deploy it.',
  )
  await narrator.graphql(CREATE_PROJECT)
  await narrator.graphql(CREATE_ENVIRONMENTS, { workflow: { githubActions: { workflow: 'deploy.yml' } } })

  narrator.say('A pipeline cuts a release, over REST. GitHub builds it, and what the run does shows up by itself.')
  await cut(narrator, 'v1.0.0-rc1', apples)

  narrator.say('Whoever is not sure to have been heard says it again: nothing happens twice.')
  await narrator.rest('POST', releases('v1.0.0-rc1'), { repo: REPOSITORY, commit: apples?.slice(0, 8) })

  narrator.say('Another commit under the same version is refused.')
  await narrator.rest('POST', releases('v1.0.0-rc1'), { repo: REPOSITORY, commit: pears })

  narrator.say('The candidate is deployed: the environment’s workflow is started, and followed until it has ended.')
  for (const environment of ['staging', 'production']) await deploy(narrator, environment, 'v1.0.0-rc1')

  narrator.say('An environment without a workflow is driven by its pipeline, which reports over the same API.')
  await narrator.rest('PATCH', deployments('development'), {
    release_candidate_version: 'v1.0.0-rc1',
    status: 'success',
    external_url: 'https://ci.example/runs/1',
  })

  narrator.say('The next version fails on staging.')
  await cut(narrator, 'v1.1.0-rc1', cards)
  github.breakVersion('v1.1.0-rc1')
  await deploy(narrator, 'staging', 'v1.1.0-rc1')

  narrator.say('How does Slipway know?')
  await narrator.graphql(TRACKING)

  narrator.say('That shall not get to customers: production is guarded from now on.')
  await narrator.graphql(GUARD)

  narrator.say('The second candidate makes it, and is to go to production. Why is it not there yet?')
  await cut(narrator, 'v1.1.0-rc2', cardsThatWork)
  await deploy(narrator, 'staging', 'v1.1.0-rc2')
  await narrator.rest('POST', deployments('production'), { release_candidate_version: 'v1.1.0-rc2' })
  const { project } = await narrator.graphql<WhyNot>(WHY_NOT)

  narrator.say('Somebody else approves of it, and it starts by itself.')
  await approver.graphql(APPROVE, { deployment: project.environment.activeDeployments.nodes[0]?.id })

  narrator.say('What runs where, since when, and why not? A dashboard asks one question.')
  await narrator.graphql(DASHBOARD)
}

/** Cuts a candidate and waits until GitHub has built it. */
async function cut(narrator: Narrator, version: string, commit: string | undefined): Promise<void> {
  const body = { repo: REPOSITORY, commit, trigger_build_workflow: true }
  await narrator.rest('POST', releases(version), body)
  const query = encodeURIComponent(`{ project(name: "shop") { candidate(version: "${version}") { status } } }`)
  await narrator.watch(
    `/graphql?query=${query}`,
    ({ data }: { data: { project: { candidate: { status: string } } } }) =>
      `build of ${version} ${data.project.candidate.status}`,
    told => told.endsWith(' READY'),
  )
}

/** Deploys a candidate and waits until its run has ended. */
async function deploy(narrator: Narrator, environment: string, version: string): Promise<void> {
  await narrator.rest('POST', deployments(environment), { release_candidate_version: version })
  await narrator.watch(
    `${deployments(environment)}?per_page=1`,
    ([newest]: { status: string; external_url: string | null }[]) =>
      `${version} on ${environment} ${newest?.status}${newest?.external_url ? `, ${newest.external_url}` : ''}`,
    told => / (success|failure|error)/.test(told),
  )
}
