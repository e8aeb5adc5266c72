import { fastify } from 'fastify'
import pg from 'pg'
import { v7 as uuid } from 'uuid'

// The ceiling: a Fastify route that runs the statements by which Slipway stores a deployment, as it has them, in one
// transaction and prepared; without GraphQL, Prisma, tokens, or rules. Run as a process of its own: prints its URL.

const pool = new pg.Pool({ connectionString: process.env['DATABASE_URL'], max: 10 })

const PROJECT = `SELECT id, name, repository, repository_host::text, clone_url, created_at FROM projects WHERE name = $1 LIMIT 1`
const LOCK = `
  WITH environment AS MATERIALIZED (
    SELECT * FROM environments WHERE project_id = $1::uuid AND name = $2 FOR NO KEY UPDATE
  )
  SELECT id, project_id, name, tier, last_deployment_number, created_at, clock_timestamp() AS now FROM environment`
const CANDIDATE = `
  SELECT t0.id, t0.project_id, t0.release_id, t0.number, t0.commit, t0.status::text, t0.actor, t0.created_at, r.data AS release
  FROM release_candidates AS t0
  LEFT JOIN releases AS j1 ON (j1.id, j1.project_id) = (t0.release_id, t0.project_id)
  LEFT JOIN LATERAL (
    SELECT jsonb_build_object('id', t2.id, 'projectId', t2.project_id, 'version', t2.version, 'createdAt', t2.created_at) AS data
    FROM releases AS t2 WHERE t0.release_id = t2.id AND t0.project_id = t2.project_id LIMIT 1
  ) AS r ON true
  WHERE t0.number = $1 AND j1.project_id = $2 AND j1.version = $3 AND j1.id IS NOT NULL LIMIT 1`
const CURRENT = `
  SELECT id, candidate_id FROM deployments WHERE environment_id = $1 AND status = 'SUCCESS'
  ORDER BY finished_at DESC, number DESC LIMIT 1`
const DEPLOYMENT = `
  INSERT INTO deployments VALUES ($1, $2, $3, $4, $5, $6, 'PENDING', $7, NULL, NULL, $8, NULL, NULL, NULL) RETURNING *`
const NUMBER = `UPDATE environments SET last_deployment_number = $1 WHERE id = $2 RETURNING id`
const HISTORY = `INSERT INTO deployment_status_changes VALUES ($1, $2, 'PENDING', $3, $4, $4, NULL) RETURNING id`
const AUDIT = `INSERT INTO audit_events VALUES ($1, $2, $3, 'token', 'deployment.create', $4, $5, $6) RETURNING id`

interface Call {
  Params: { project: string; environment: string }
  Body: { release_candidate_version: string }
}

const app = fastify()
app.post<Call>('/api/releases/:project/environments/:environment/deployments', async (request, reply) => {
  const { params, body } = request
  const [release = '', number = ''] = body.release_candidate_version.split('-rc')
  const client = await pool.connect()
  const run = async (name: string, text: string, values: unknown[]) => {
    const { rows } = await client.query({ name, text, values })
    return rows[0]
  }
  try {
    await client.query('BEGIN')
    const project = await run('project', PROJECT, [params.project])
    const environment = await run('lock', LOCK, [project.id, params.environment])
    const candidate = await run('candidate', CANDIDATE, [Number(number), project.id, release])
    const current = await run('current', CURRENT, [environment.id])
    const { now } = environment
    const next = environment.last_deployment_number + 1
    const previous = current?.candidate_id ?? null
    const values = [uuid(), project.id, environment.id, next, candidate.id, previous, 'bench', now]
    const deployment = await run('deployment', DEPLOYMENT, values)
    await run('number', NUMBER, [next, environment.id])
    await run('history', HISTORY, [uuid(), deployment.id, 'bench', now])
    const data = { environment: environment.name, candidateVersion: body.release_candidate_version }
    await run('audit', AUDIT, [uuid(), now, 'bench', project.id, deployment.id, data])
    await client.query('COMMIT')
    return reply.code(201).send(deployment)
  } finally {
    client.release()
  }
})
console.log(await app.listen({ host: '127.0.0.1', port: 0 }))
