import { fastify } from 'fastify'
import mercurius from 'mercurius'
import pg from 'pg'

// Mercurius as its documentation recommends it for speed: compiled queries (`jit`), and its loaders, each of which reads
// for all rows of a level with one prepared statement.

const schema = `
  type Query { project(name: String!): Project projects(first: Int!, after: String): [Project!]! }
  type Project {
    name: String! repository: String! environments(tiers: [String!]): [Environment!]! releases(first: Int!): [Release!]!
  }
  type Environment {
    id: ID! name: String! tier: String! deployments(first: Int!): [Deployment!]!
    currentDeployment: Deployment activeDeployments(first: Int!): [Deployment!]!
  }
  scalar Time
  type Release { id: ID! version: String! createdAt: Time! candidates: [Candidate!]! }
  type Candidate {
    id: ID! number: Int! version: String! status: String! commit: String! deployments(first: Int!): [Deployment!]!
  }
  type Deployment {
    id: ID! status: String! actor: String! createdAt: Time! finishedAt: Time candidate: Candidate! environment: Environment!
  }`

const DEPLOYMENT = `deployment.id, deployment.status, deployment.actor, deployment.created_at AS "createdAt",
  deployment.finished_at AS "finishedAt", deployment.candidate_id AS "candidateId",
  deployment.environment_id AS "environmentId"`

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 10 })
const read = async (name, text, values) => (await pool.query({ name, text, values })).rows

/** The rows of each key, which is the column `of`. */
function grouped(keys, rows) {
  const groups = new Map(keys.map(key => [key, []]))
  for (const row of rows) groups.get(row.of).push(row)
  return keys.map(key => groups.get(key))
}

function single(keys, rows) {
  const byKey = new Map(rows.map(row => [row.of, row]))
  return keys.map(key => byKey.get(key) ?? null)
}

/** A slice of the deployments of each row of a level. */
async function deploymentsOf(queries, name, column, condition, order) {
  const keys = queries.map(({ obj }) => obj.id)
  const limit = queries[0].params.first ?? 1
  const rows = await read(
    name,
    `SELECT parent.id AS of, ${DEPLOYMENT} FROM unnest($1::uuid[]) AS parent (id) CROSS JOIN LATERAL (
       SELECT * FROM deployments WHERE ${column} = parent.id AND ${condition} ORDER BY ${order} LIMIT $2
     ) AS deployment`,
    [keys, limit],
  )
  return grouped(keys, rows)
}

const app = fastify()
await app.register(mercurius, {
  schema,
  jit: 1,
  resolvers: {
    Query: {
      project: async (_root, { name }) =>
        (await read('project', 'SELECT id, name, repository FROM projects WHERE name = $1', [name]))[0] ?? null,
      projects: (_root, { first, after }) =>
        read(
          'projects',
          `SELECT id, name, repository FROM projects
           WHERE id < coalesce($2, 'ffffffff-ffff-ffff-ffff-ffffffffffff')::uuid ORDER BY id DESC LIMIT $1`,
          [first, after],
        ),
    },
  },
  loaders: {
    Project: {
      environments: async queries => {
        const keys = queries.map(({ obj }) => obj.id)
        const rows = await read(
          'environments',
          `SELECT project_id AS of, id, name, tier FROM environments
           WHERE project_id = ANY ($1::uuid[]) AND ($2::text[] IS NULL OR tier::text = ANY ($2)) ORDER BY tier, id`,
          [keys, queries[0].params.tiers],
        )
        return grouped(keys, rows)
      },
      releases: async queries => {
        const keys = queries.map(({ obj }) => obj.id)
        const rows = await read(
          'releases',
          `SELECT parent.id AS of, release.id, version, created_at AS "createdAt"
           FROM unnest($1::uuid[]) AS parent (id) CROSS JOIN LATERAL (
             SELECT * FROM releases WHERE project_id = parent.id ORDER BY id DESC LIMIT $2
           ) AS release`,
          [keys, queries[0].params.first],
        )
        return grouped(keys, rows)
      },
    },
    Environment: {
      deployments: queries => deploymentsOf(queries, 'deployments', 'environment_id', 'true', 'number DESC'),
      activeDeployments: queries =>
        deploymentsOf(queries, 'active', 'environment_id', 'finished_at IS NULL', 'number DESC'),
      currentDeployment: async queries => {
        const order = 'finished_at DESC, number DESC'
        const lists = await deploymentsOf(queries, 'current', 'environment_id', "status = 'SUCCESS'", order)
        return lists.map(([deployment]) => deployment ?? null)
      },
    },
    Release: {
      candidates: async queries => {
        const keys = queries.map(({ obj }) => obj.id)
        const rows = await read(
          'candidates',
          `SELECT release_id AS of, id, number, status, commit FROM release_candidates
           WHERE release_id = ANY ($1::uuid[]) ORDER BY id DESC`,
          [keys],
        )
        return grouped(keys, rows)
      },
    },
    Candidate: {
      deployments: queries => deploymentsOf(queries, 'deployments-of-candidate', 'candidate_id', 'true', 'id DESC'),
    },
    Deployment: {
      candidate: async queries => {
        const keys = queries.map(({ obj }) => obj.candidateId)
        const rows = await read(
          'candidate',
          `SELECT candidate.id AS of, candidate.id, number, release.version || '-rc' || number AS version, status, commit
           FROM release_candidates AS candidate JOIN releases AS release ON release.id = candidate.release_id
           WHERE candidate.id = ANY ($1::uuid[])`,
          [[...new Set(keys)]],
        )
        return single(keys, rows)
      },
      environment: async queries => {
        const keys = queries.map(({ obj }) => obj.environmentId)
        const rows = await read(
          'environment',
          'SELECT id AS of, id, name, tier FROM environments WHERE id = ANY ($1::uuid[])',
          [[...new Set(keys)]],
        )
        return single(keys, rows)
      },
    },
  },
})
console.log(`${await app.listen({ host: '127.0.0.1', port: 0 })}/graphql`)
