import { fastify } from 'fastify'
import pg from 'pg'

// The ceiling: one hand-written statement for each question. PostgreSQL makes the JSON of the answer, which is passed on
// as the text that it is.

const DASHBOARD = `
  SELECT json_build_object('project', json_build_object(
    'name', project.name,
    'repository', project.repository,
    'environments', (
      SELECT json_agg(json_build_object(
        'id', environment.id, 'name', environment.name, 'tier', environment.tier,
        'deployments', (
          SELECT coalesce(json_agg(json_build_object(
            'id', deployment.id, 'status', deployment.status, 'actor', deployment.actor,
            'createdAt', deployment.created_at, 'finishedAt', deployment.finished_at,
            'candidate', json_build_object('version', release.version || '-rc' || candidate.number, 'commit', candidate.commit)
          ) ORDER BY deployment.number DESC), '[]')
          FROM (
            SELECT * FROM deployments WHERE environment_id = environment.id ORDER BY number DESC LIMIT 5
          ) AS deployment
          JOIN release_candidates AS candidate ON candidate.id = deployment.candidate_id
          JOIN releases AS release ON release.id = candidate.release_id
        )
      ) ORDER BY environment.tier, environment.id)
      FROM environments AS environment
      WHERE environment.project_id = project.id AND environment.tier IN ('STAGING', 'PRODUCTION')
    ),
    'releases', (
      SELECT coalesce(json_agg(json_build_object(
        'id', release.id, 'version', release.version, 'createdAt', release.created_at,
        'candidates', (
          SELECT json_agg(json_build_object(
            'id', candidate.id, 'number', candidate.number, 'status', candidate.status, 'commit', candidate.commit,
            'deployments', (
              SELECT coalesce(json_agg(json_build_object(
                'id', deployment.id, 'status', deployment.status, 'finishedAt', deployment.finished_at,
                'environment', json_build_object('name', environment.name)
              ) ORDER BY deployment.id DESC), '[]')
              FROM (
                SELECT * FROM deployments WHERE candidate_id = candidate.id ORDER BY id DESC LIMIT 4
              ) AS deployment
              JOIN environments AS environment ON environment.id = deployment.environment_id
            )
          ) ORDER BY candidate.id DESC)
          FROM release_candidates AS candidate WHERE candidate.release_id = release.id
        )
      ) ORDER BY release.id DESC), '[]')
      FROM (SELECT * FROM releases WHERE project_id = project.id ORDER BY id DESC LIMIT 20) AS release
    )
  ))::text AS data
  FROM projects AS project WHERE project.name = $1`

const BOARD = `
  SELECT json_build_object('projects', json_agg(json_build_object(
    'name', project.name,
    'repository', project.repository,
    'environments', (
      SELECT json_agg(json_build_object(
        'name', environment.name, 'tier', environment.tier,
        'currentDeployment', (
          SELECT json_build_object(
            'status', deployment.status, 'actor', deployment.actor, 'finishedAt', deployment.finished_at,
            'candidate', json_build_object('version', release.version || '-rc' || candidate.number, 'commit', candidate.commit)
          )
          FROM (
            SELECT * FROM deployments WHERE environment_id = environment.id AND status = 'SUCCESS'
            ORDER BY finished_at DESC, number DESC LIMIT 1
          ) AS deployment
          JOIN release_candidates AS candidate ON candidate.id = deployment.candidate_id
          JOIN releases AS release ON release.id = candidate.release_id
        ),
        'activeDeployments', (
          SELECT coalesce(json_agg(json_build_object(
            'status', deployment.status, 'actor', deployment.actor, 'createdAt', deployment.created_at,
            'candidate', json_build_object('version', release.version || '-rc' || candidate.number)
          ) ORDER BY deployment.number DESC), '[]')
          FROM (
            SELECT * FROM deployments WHERE environment_id = environment.id AND finished_at IS NULL
            ORDER BY number DESC LIMIT 5
          ) AS deployment
          JOIN release_candidates AS candidate ON candidate.id = deployment.candidate_id
          JOIN releases AS release ON release.id = candidate.release_id
        )
      ) ORDER BY environment.tier, environment.id)
      FROM environments AS environment WHERE environment.project_id = project.id
    )
  ) ORDER BY project.id DESC))::text AS data
  FROM (
    SELECT * FROM projects WHERE id < coalesce($1, 'ffffffff-ffff-ffff-ffff-ffffffffffff')::uuid ORDER BY id DESC LIMIT 50
  ) AS project`

const STATEMENTS = {
  dashboard: { text: DASHBOARD, values: ({ name }) => [name] },
  board: { text: BOARD, values: ({ after }) => [after] },
}

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 10 })
const app = fastify()
app.post('/graphql', async (request, reply) => {
  const { query: name, variables } = request.body
  const { text, values } = STATEMENTS[name]
  const { rows } = await pool.query({ name, text, values: values(variables) })
  return reply.type('application/json').send(`{"data":${rows[0].data}}`)
})
console.log(`${await app.listen({ host: '127.0.0.1', port: 0 })}/graphql`)
