import { fastify } from 'fastify'
import pg from 'pg'
import { v7 as uuid } from 'uuid'

// The ceiling: a Fastify route that runs the statements by which Slipway stores a deployment, as it has them, in one
// transaction and prepared; without GraphQL, Prisma, tokens, or rules. Run as a process of its own: prints its URL.

const pool = new pg.Pool({ connectionString: process.env['DATABASE_URL'], max: 10 })

const PROJECT = `SELECT id, name, repository, repository_host, clone_url, created_at FROM projects WHERE name = $1`
const LOCK = `
  WITH environment AS MATERIALIZED (
    SELECT * FROM environments WHERE project_id = $1::uuid AND name = $2 FOR NO KEY UPDATE
  )
  SELECT id, project_id, name, tier, last_deployment_number, created_at, clock_timestamp() AS now FROM environment`
const CANDIDATE = `
  SELECT candidate.id, candidate.project_id, release_id, number, commit, status, actor, candidate.created_at,
         release.created_at AS release_created_at
  FROM releases AS release JOIN release_candidates AS candidate ON candidate.release_id = release.id
  WHERE release.project_id = $1 AND version = $2 AND number = $3`
const CURRENT = `
  SELECT candidate_id FROM deployments WHERE environment_id = $1 AND status = 'SUCCESS'
  ORDER BY finished_at DESC, number DESC LIMIT 1`
const DEPLOYMENT = `
  INSERT INTO deployments (
    id, project_id, environment_id, number, candidate_id, previous_candidate_id, status, actor, created_at, admitted_at
  ) VALUES ($1, $2, $3, $4, $5, $6, 'PENDING', $7, $8, $8) RETURNING *`
const NUMBER = `UPDATE environments SET last_deployment_number = $1 WHERE id = $2`
const HISTORY = `INSERT INTO deployment_status_changes VALUES ($1, $2, 'PENDING', $3, $4, $4, NULL)`
const AUDIT = `INSERT INTO audit_events VALUES ($1, $2, $3, 'token', 'deployment.create', $4, $5, $6)`

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
    const candidate = await run('candidate', CANDIDATE, [project.id, release, Number(number)])
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
