import type pg from 'pg'

/** A contestant that is asked. */
export type Contestant = 'slipway' | 'sql' | 'postgraphile' | 'mercurius'

/** What is asked, in the words of each contestant that is asked it; and with which variables, one set for each request. */
export interface Question {
  readonly name: string
  readonly documents: Partial<Record<Contestant, string>>
  /** Variables that each contestant understands; of those that page by cursors, each has its own. */
  variables(contestant: Contestant): readonly Record<string, unknown>[]
}

const DASHBOARD_SLIPWAY = `query Dashboard($name: String!) {
  project(name: $name) {
    name repository
    environments(tier: [STAGING, PRODUCTION]) {
      id name tier
      deployments(first: 5) { nodes { id status actor createdAt finishedAt candidate { version commit } } }
    }
    releases(first: 20) {
      nodes {
        id version createdAt
        candidates {
          id number status commit
          deployments(first: 4) { nodes { id status finishedAt environment { name } } }
        }
      }
    }
  }
}`

const DASHBOARD_POSTGRAPHILE = `query Dashboard($name: String!) {
  project: projectByName(name: $name) {
    name repository
    environments(filter: { tier: { in: [STAGING, PRODUCTION] } }, orderBy: [ROW_ID_ASC]) {
      nodes {
        rowId name tier
        deployments: deploymentsByEnvironmentIdAndProjectId(first: 5, orderBy: [NUMBER_DESC]) {
          nodes {
            rowId status actor createdAt finishedAt
            candidate: candidateProject { number commit release: releaseProject { version } }
          }
        }
      }
    }
    releases(first: 20, orderBy: [ROW_ID_DESC]) {
      nodes {
        rowId version createdAt
        candidates: releaseCandidatesByReleaseIdAndProjectId(orderBy: [ROW_ID_DESC]) {
          nodes {
            rowId number status commit
            deployments: deploymentsByCandidateIdAndProjectId(first: 4, orderBy: [ROW_ID_DESC]) {
              nodes { rowId status finishedAt environment: environmentProject { name } }
            }
          }
        }
      }
    }
  }
}`

const DASHBOARD_MERCURIUS = `query Dashboard($name: String!) {
  project(name: $name) {
    name repository
    environments(tiers: ["STAGING", "PRODUCTION"]) {
      id name tier
      deployments(first: 5) { id status actor createdAt finishedAt candidate { version commit } }
    }
    releases(first: 20) {
      id version createdAt
      candidates { id number status commit deployments(first: 4) { id status finishedAt environment { name } } }
    }
  }
}`

const BOARD_SLIPWAY = `query Board($after: String) {
  projects(first: 50, after: $after) {
    nodes {
      name repository
      environments {
        name tier
        currentDeployment { status actor finishedAt candidate { version commit } }
        activeDeployments(first: 5) { nodes { status actor createdAt candidate { version } } }
      }
    }
  }
}`

const BOARD_POSTGRAPHILE = `query Board($after: Cursor) {
  projects(first: 50, after: $after, orderBy: [ROW_ID_DESC]) {
    nodes {
      name repository
      environments(orderBy: [ROW_ID_ASC]) {
        nodes {
          name tier
          currentDeployment: deploymentsByEnvironmentIdAndProjectId(
            condition: { status: SUCCESS }, orderBy: [FINISHED_AT_DESC, NUMBER_DESC], first: 1
          ) {
            nodes { status actor finishedAt candidate: candidateProject { number commit release: releaseProject { version } } }
          }
          activeDeployments: deploymentsByEnvironmentIdAndProjectId(
            filter: { finishedAt: { isNull: true } }, orderBy: [NUMBER_DESC], first: 5
          ) {
            nodes { status actor createdAt candidate: candidateProject { number release: releaseProject { version } } }
          }
        }
      }
    }
  }
}`

const BOARD_MERCURIUS = `query Board($after: String) {
  projects(first: 50, after: $after) {
    name repository
    environments {
      name tier
      currentDeployment { status actor finishedAt candidate { version commit } }
      activeDeployments(first: 5) { status actor createdAt candidate { version } }
    }
  }
}`

/** How a page of 50 projects is found, by those who page with cursors of their own. */
const PAGES: Partial<Record<Contestant, string>> = {
  slipway: 'query ($after: String) { projects(first: 50, after: $after) { pageInfo { hasNextPage endCursor } } }',
  postgraphile:
    'query ($after: Cursor) { projects(first: 50, after: $after, orderBy: [ROW_ID_DESC]) { pageInfo { hasNextPage endCursor } } }',
}

/** Asks a server and answers its data. */
export type Ask = (contestant: Contestant, document: string, variables: object) => Promise<Record<string, unknown>>

/** The questions that all contestants are asked, about the projects that there are. */
export async function compared(client: pg.Client, ask: Ask, contestants: readonly Contestant[]): Promise<Question[]> {
  const { rows: projects } = await client.query<{ id: string; name: string }>(
    'SELECT id, name FROM projects ORDER BY id DESC',
  )
  const starts: Record<string, Record<string, unknown>[]> = {}
  for (const contestant of contestants) starts[contestant] = await pageStarts(contestant, projects, ask)
  // In an order that looks random and is the same for all.
  const names = projects.map((_, index) => ({ name: projects[(index * 179) % projects.length]?.name }))
  return [
    {
      name: 'dashboard',
      documents: {
        slipway: DASHBOARD_SLIPWAY,
        sql: 'dashboard',
        postgraphile: DASHBOARD_POSTGRAPHILE,
        mercurius: DASHBOARD_MERCURIUS,
      },
      variables: () => names,
    },
    {
      name: 'board',
      documents: { slipway: BOARD_SLIPWAY, sql: 'board', postgraphile: BOARD_POSTGRAPHILE, mercurius: BOARD_MERCURIUS },
      variables: contestant => starts[contestant] ?? [],
    },
  ]
}

async function pageStarts(
  contestant: Contestant,
  projects: { id: string }[],
  ask: Ask,
): Promise<{ after: string | null }[]> {
  const document = PAGES[contestant]
  const starts: { after: string | null }[] = [{ after: null }]
  if (document === undefined) {
    for (let place = 50; place < projects.length; place += 50) starts.push({ after: projects[place - 1]?.id ?? null })
    return starts
  }
  for (;;) {
    const data = (await ask(contestant, document, starts.at(-1) ?? {})) as {
      projects: { pageInfo: { hasNextPage: boolean; endCursor: string } }
    }
    if (!data.projects.pageInfo.hasNextPage) return starts
    starts.push({ after: data.projects.pageInfo.endCursor })
  }
}

const PAGE = 'nodes { number status actor createdAt finishedAt candidate { version } previous { version } }'
const HISTORY = `query History($name: String!, $after: String, $status: [DeploymentStatus!], $actor: String, $candidate: String, $since: DateTime, $until: DateTime) {
  project(name: $name) { environment(name: "production-1") {
    deployments(first: 20, after: $after, status: $status, actor: $actor, candidate: $candidate, since: $since, until: $until) {
      pageInfo { hasNextPage endCursor } ${PAGE}
    }
  } }
}`
const RELEASE = `query Release($name: String!) {
  project(name: $name) { release(version: "v1.20.0") {
    version stages { environment { name tier } isCurrent latest { status finishedAt candidate { version } } }
  } }
}`
const COMMIT = `query Commit($name: String!, $sha: String!) {
  project(name: $name) { commit(sha: $sha) { candidates { version status } stages { environment { name } isCurrent } } }
}`

/** A question about a project with a long history and one with a short history, which should take the same time. */
export interface GrowthQuestion {
  readonly name: string
  readonly document: string
  readonly short: object
  readonly long: object
}

export async function growing(client: pg.Client, short: number, long: number): Promise<GrowthQuestion[]> {
  const of = (name: string, document: string, variables: (count: number) => object = () => ({})): GrowthQuestion => ({
    name,
    document,
    short: { name: 'project-0002', ...variables(short) },
    long: { name: 'project-0001', ...variables(long) },
  })
  const after = (number: number) => Buffer.from(String(Math.max(Math.floor(number), 2))).toString('base64url')
  const { rows } = await client.query<{ name: string; commit: string }>(`
    SELECT project.name, commit FROM release_candidates JOIN releases AS release ON release.id = release_id
    JOIN projects AS project ON project.id = release.project_id
    WHERE version = 'v1.20.0' AND number = 1 AND project.name IN ('project-0001', 'project-0002') ORDER BY project.name`)
  const sha = (count: number) => ({ sha: rows[count === long ? 0 : 1]?.commit })
  const at = (count: number) => new Date(Date.parse('2026-02-01') + count * 10_000).toISOString()
  return [
    of('dashboard', DASHBOARD_SLIPWAY),
    of('history: newest', HISTORY),
    of('history: half way', HISTORY, count => ({ after: after(count / 2) })),
    of('history: near the end', HISTORY, count => ({ after: after(count / 50) })),
    of('history: status', HISTORY, count => ({ status: ['FAILURE', 'ERROR'], after: after(count / 2) })),
    of('history: actor', HISTORY, () => ({ actor: 'deploy-bot' })),
    of('history: candidate', HISTORY, () => ({ candidate: 'v1.20.0-rc1' })),
    of('history: time', HISTORY, count => ({ since: at(count / 4), until: at(count / 2) })),
    of('release', RELEASE),
    of('commit', COMMIT, sha),
  ]
}

/** An answer as plain facts: without ids, and whatever a contestant calls them in the same words. */
export function facts(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) {
    const items = value.map(item => facts(item))
    return key === 'currentDeployment' ? (items[0] ?? null) : items
  }
  if (typeof value === 'string') return /^\d{4}-\d\d-\d\dT/.test(value) ? Date.parse(value) : value
  if (typeof value !== 'object' || value === null) return value
  const { nodes, id: _id, rowId: _rowId, ...rest } = value as Record<string, unknown>
  if (nodes !== undefined) return facts(nodes, key)
  const { number, release, ...others } = rest as { number?: number; release?: { version: string } }
  const named = release === undefined ? rest : { ...others, version: `${release.version}-rc${number}` }
  const entries = Object.entries(named).map(([name, item]) => [name, facts(item, name)] as const)
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)))
}
