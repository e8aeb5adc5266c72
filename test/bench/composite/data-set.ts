import pg from 'pg'

/** How much there is. */
export interface DataSetSize {
  readonly projects: number
  /** The deployments of `production-1` of the first project. */
  readonly deployments: number
}

/** The deployments of `production-1` of the second project, to compare with. */
export const SHORT_HISTORY = 1_000
const RELEASES = 24

/**
 * Fills an empty database: projects `project-0001`… of 8 environments (four of tier `DEVELOPMENT`, two of `STAGING`, two
 * of `PRODUCTION`) and 24 releases of 2 candidates, each of which was deployed 4 times; and two long histories.
 */
export async function fillDatabase(databaseUrl: string, { projects, deployments }: DataSetSize): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  // Nothing is checked and nothing triggered: half a million rows are there in seconds.
  await client.query('SET session_replication_role = replica')
  await client.query(FUNCTIONS)
  await client.query(PROJECTS, [projects])
  await client.query(ENVIRONMENTS)
  await client.query(CANDIDATES)
  await client.query(DEPLOYMENTS)
  await client.query(HISTORY, ['project-0001', deployments])
  await client.query(HISTORY, ['project-0002', SHORT_HISTORY])
  await client.query(COUNTS)
  await client.query('SET session_replication_role = DEFAULT')
  // PostGraphile finds rows by what a constraint says is unique, and not by an index that does.
  await client.query('ALTER TABLE projects ADD CONSTRAINT projects_name_key UNIQUE USING INDEX projects_name_key')
  // What Slipway sets for its own connections holds for all of them: it is not what the servers are compared by.
  await client.query(
    "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET random_page_cost = 1.1', current_database()); EXECUTE format('ALTER DATABASE %I SET jit = off', current_database()); END $$",
  )
  await client.query('VACUUM ANALYZE')
  await client.end()
}

/** Keys as the server makes them: UUIDs of version 7, which sort by time. */
const FUNCTIONS = `
  CREATE TEMPORARY SEQUENCE keys;
  CREATE FUNCTION pg_temp.key(at timestamptz, count bigint) RETURNS uuid LANGUAGE sql AS $$
    SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || lpad(to_hex(count & 4095), 3, '0')
      || '8' || lpad(to_hex(nextval('pg_temp.keys')), 15, '0'))::uuid
  $$;
  CREATE FUNCTION pg_temp.status_of(count bigint) RETURNS deployment_status LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN count % 10 < 7 THEN 'SUCCESS' WHEN count % 10 < 9 THEN 'FAILURE' ELSE 'ERROR' END::deployment_status
  $$;`

const PROJECTS = `
  INSERT INTO projects (id, name, repository, repository_host, created_at)
  SELECT pg_temp.key(at, n), 'project-' || lpad(n::text, 4, '0'), 'acme/project-' || n, 'GITHUB', at
  FROM generate_series(1, $1::integer) AS n, LATERAL (SELECT timestamptz '2026-01-01' + n * interval '1 second' AS at) AS t`

const ENVIRONMENTS = `
  INSERT INTO environments (id, project_id, name, tier, created_at)
  SELECT pg_temp.key(project.created_at, n), project.id, e.name, e.tier::environment_tier, project.created_at
  FROM projects AS project, (VALUES
    (1, 'dev-1', 'DEVELOPMENT'), (2, 'dev-2', 'DEVELOPMENT'), (3, 'dev-3', 'DEVELOPMENT'), (4, 'dev-4', 'DEVELOPMENT'),
    (5, 'staging-1', 'STAGING'), (6, 'staging-2', 'STAGING'),
    (7, 'production-1', 'PRODUCTION'), (8, 'production-2', 'PRODUCTION')
  ) AS e (n, name, tier)`

const CANDIDATES = `
  INSERT INTO releases (id, project_id, version, created_at)
  SELECT pg_temp.key(at, n), project.id, 'v1.' || n || '.0', at
  FROM projects AS project, generate_series(1, ${RELEASES}) AS n,
    LATERAL (SELECT project.created_at + n * interval '1 hour' AS at) AS t;
  INSERT INTO release_candidates (id, project_id, release_id, number, commit, status, actor, created_at)
  SELECT pg_temp.key(release.created_at, n), release.project_id, release.id, n,
         md5(release.id::text || n) || left(md5(n || release.id::text), 8), 'READY', 'ci', release.created_at
  FROM releases AS release, generate_series(1, 2) AS n`

/** Each candidate goes to four of the eight environments; in every third environment the newest one is under way. */
const DEPLOYMENTS = `
  INSERT INTO deployments (
    id, project_id, environment_id, number, candidate_id, previous_candidate_id, status, actor, error_message,
    created_at, started_at, finished_at, reported_at, source, admitted_at
  )
  SELECT pg_temp.key(at, count), project_id, environment_id, number, candidate_id,
         lag(candidate_id) OVER (PARTITION BY environment_id ORDER BY number),
         CASE WHEN isActive THEN 'IN_PROGRESS' ELSE pg_temp.status_of(count) END,
         CASE WHEN count % 4 = 0 THEN 'ci' ELSE 'deploy-bot' END, NULL,
         at, at, CASE WHEN NOT isActive THEN at + interval '3 minutes' END, at, 'REPORT', at
  FROM (
    SELECT candidate.project_id, candidate.id AS candidate_id, environment.id AS environment_id, count,
           candidate.created_at + step * interval '5 minutes' AS at,
           row_number() OVER newest = 1 AND place % 3 = 0 AS isActive,
           row_number() OVER (PARTITION BY environment.id ORDER BY candidate.id, step) AS number
    FROM (SELECT *, row_number() OVER (PARTITION BY project_id ORDER BY id) AS count FROM release_candidates) AS candidate
    CROSS JOIN generate_series(0, 3) AS step
    JOIN (SELECT *, row_number() OVER (PARTITION BY project_id ORDER BY id) AS place FROM environments) AS environment
      ON environment.project_id = candidate.project_id AND environment.place = 1 + (candidate.count + step * 2) % 8
    WINDOW newest AS (PARTITION BY environment.id ORDER BY candidate.id DESC, step DESC)
  ) AS planned`

const HISTORY = `
  INSERT INTO deployments (
    id, project_id, environment_id, number, candidate_id, previous_candidate_id, status, actor,
    created_at, started_at, finished_at, reported_at, source, admitted_at
  )
  SELECT pg_temp.key(at, count), environment.project_id, environment.id, last.number + count, candidate.id, candidate.id,
         pg_temp.status_of(count), CASE WHEN count % 1000 = 0 THEN 'release-manager' ELSE 'deploy-bot' END,
         at, at, at + interval '1 minute', at, 'REPORT', at
  FROM environments AS environment
  JOIN projects AS project ON project.id = environment.project_id AND project.name = $1,
    LATERAL (SELECT max(number) AS number FROM deployments WHERE environment_id = environment.id) AS last,
    generate_series(1, $2::integer) AS count
    JOIN LATERAL (SELECT timestamptz '2026-02-01' + count * interval '10 seconds' AS at) AS t ON true
    JOIN LATERAL (SELECT 1 + count % (2 * ${RELEASES}) AS place) AS p ON true,
    (SELECT *, row_number() OVER (PARTITION BY project_id ORDER BY id) AS place FROM release_candidates) AS candidate
  WHERE environment.name = 'production-1' AND candidate.project_id = project.id AND candidate.place = p.place`

const COUNTS = `
  UPDATE environments SET last_deployment_number =
    (SELECT coalesce(max(number), 0) FROM deployments WHERE environment_id = environments.id);
  INSERT INTO project_changes SELECT id, nextval('project_versions'), pg_current_xact_id() FROM projects`
