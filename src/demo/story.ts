import type { DemoRepository } from './demo-repository.js'
import type { Narrator } from './narrator.js'

const REPO = 'acme/shop'
const releases = (version: string) => `/api/releases/shop/releases/${version}`
const deployments = (environment: string) => `/api/releases/shop/environments/${environment}/deployments`

const CREATE_PROJECT = `
mutation ($project: CreateProjectInput!) {
  createProject(input: $project) { project { id name repository } }
}`

const CREATE_ENVIRONMENTS = `
mutation {
  production: createEnvironment(input: { project: "shop", name: "production", tier: PRODUCTION }) { environment { id } }
  staging: createEnvironment(input: { project: "shop", name: "staging", tier: STAGING }) { environment { id } }
  development: createEnvironment(input: { project: "shop", name: "development", tier: DEVELOPMENT }) { environment { id } }
}`

const DASHBOARD = `
{
  project(name: "shop") {
    environments {
      name
      current { version commit }
      deployments(first: 2) {
        nodes { candidate { version } previous { version } status errorMessage finishedAt }
      }
    }
    releases(first: 5) {
      nodes { version commit candidates { version status actor } }
    }
  }
}`

/** A team sets up a project, ships a version, and ships the next one at its second try. */
export async function tellStory(narrator: Narrator, { cloneUrl, commits }: DemoRepository): Promise<void> {
  const [apples, pears, cards, cardsThatWork] = commits

  narrator.say('An administrator sets up a project and its environments, over GraphQL.')
  const project = { name: 'shop', repository: REPO, repositoryHost: 'GIT', cloneUrl }
  await narrator.graphql(CREATE_PROJECT, { project })
  await narrator.graphql(CREATE_ENVIRONMENTS)

  narrator.say('From here on the pipelines speak, over REST. The first one cuts a release …')
  await narrator.rest('POST', releases('v1.0.0-rc1'), { repo: REPO, commit: apples })

  narrator.say('… and when it is not sure that it was heard, it says so again: nothing happens twice.')
  await narrator.rest('POST', releases('v1.0.0-rc1'), { repo: REPO, commit: apples?.slice(0, 8) })

  narrator.say('Another commit under the same version is refused.')
  await narrator.rest('POST', releases('v1.0.0-rc1'), { repo: REPO, commit: pears })

  narrator.say('The candidate is deployed, and the pipeline reports how it goes.')
  for (const environment of ['staging', 'production']) await deploy(narrator, environment, 'v1.0.0-rc1')

  narrator.say('The next version fails on staging.')
  await narrator.rest('POST', releases('v1.1.0-rc1'), { repo: REPO, commit: cards })
  await narrator.rest('POST', deployments('staging'), { release_candidate_version: 'v1.1.0-rc1' })
  await narrator.rest('PATCH', deployments('staging'), {
    release_candidate_version: 'v1.1.0-rc1',
    status: 'failure',
    error_message: 'smoke test: no card is taken',
  })

  narrator.say('Its second candidate makes it, and is on its way to production.')
  await narrator.rest('POST', releases('v1.1.0-rc2'), { repo: REPO, commit: cardsThatWork })
  await deploy(narrator, 'staging', 'v1.1.0-rc2')
  await narrator.rest('POST', deployments('production'), { release_candidate_version: 'v1.1.0-rc2' })

  narrator.say('What runs where, since when, and why not? A dashboard asks one question.')
  await narrator.graphql(DASHBOARD)
}

async function deploy(narrator: Narrator, environment: string, version: string): Promise<void> {
  const path = deployments(environment)
  const url = `https://ci.example/${environment}/${version}`
  await narrator.rest('POST', path, { release_candidate_version: version })
  await narrator.rest('PATCH', path, { release_candidate_version: version, status: 'in_progress', external_url: url })
  await narrator.rest('PATCH', path, { release_candidate_version: version, status: 'success' })
}
