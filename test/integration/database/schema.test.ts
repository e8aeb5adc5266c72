import { readFile } from 'node:fs/promises'
import pg from 'pg'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { differenceToSchema } from '../../../prisma/schema-difference.js'
import { migrate } from '../../../src/database/migrations.js'
import { createTestDatabase, type TestDatabase } from '../../support/database.js'

const log = pino({ level: 'silent' })
let migrated: TestDatabase
let client: pg.Client

beforeAll(async () => {
  migrated = await createTestDatabase()
  client = new pg.Client({ connectionString: migrated.url })
  await client.connect()
})
afterAll(async () => {
  await client.end()
  await migrated.drop()
})

describe('migrations', () => {
  test('lead to what schema.prisma says', async () => {
    expect(await differenceToSchema(migrated.url)).toBe('')
  })

  test('are found wanting when the database lacks something', async () => {
    await client.query('DROP INDEX deployments_candidate_id_id_idx')
    expect(await differenceToSchema(migrated.url)).toContain('CREATE INDEX "deployments_candidate_id_id_idx"')
    await client.query('CREATE INDEX deployments_candidate_id_id_idx ON deployments (candidate_id, id DESC)')
  })

  test('are applied once when 8 replicas start together', async () => {
    const empty = await createTestDatabase()
    const admin = new pg.Client({ connectionString: empty.url })
    await admin.connect()
    await admin.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public')
    await Promise.all(Array.from({ length: 8 }, () => migrate(empty.url, log)))
    const { rows } = await admin.query(
      'SELECT migration_name, finished_at, applied_steps_count FROM _prisma_migrations',
    )
    expect(rows).toEqual([
      { migration_name: '20261123000000_init', finished_at: expect.any(Date), applied_steps_count: 1 },
      { migration_name: '20261123231200_workflows', finished_at: expect.any(Date), applied_steps_count: 1 },
      { migration_name: '20261124045602_reading', finished_at: expect.any(Date), applied_steps_count: 1 },
      { migration_name: '20261124082400_guardrails', finished_at: expect.any(Date), applied_steps_count: 1 },
      { migration_name: '20261124093000_idempotency', finished_at: expect.any(Date), applied_steps_count: 1 },
      { migration_name: '20261125124056_problems', finished_at: expect.any(Date), applied_steps_count: 1 },
    ])
    await admin.end()
    await empty.drop()
  })
})

const PROJECT = '0197a000-0000-7000-8000-000000000001'
const OTHER_PROJECT = '0197a000-0000-7000-8000-000000000002'
const ENVIRONMENT = '0197a000-0000-7000-8000-000000000003'
const OTHER_ENVIRONMENT = '0197a000-0000-7000-8000-000000000004'
const RELEASE = '0197a000-0000-7000-8000-000000000005'
const CANDIDATE = '0197a000-0000-7000-8000-000000000006'
const DEPLOYMENT = '0197a000-0000-7000-8000-000000000007'
const RUN = '0197a000-0000-7000-8000-000000000008'
const SHA = 'a'.repeat(40)

const SEED = `
  INSERT INTO projects VALUES ('${PROJECT}', 'shop', 'acme/shop', 'GITHUB', NULL, now()),
    ('${OTHER_PROJECT}', 'other', 'acme/other', 'GIT', 'ssh://git.example/other', now());
  INSERT INTO environments VALUES ('${ENVIRONMENT}', '${PROJECT}', 'production', 'PRODUCTION', 1, now()),
    ('${OTHER_ENVIRONMENT}', '${OTHER_PROJECT}', 'production', 'PRODUCTION', 0, now());
  INSERT INTO releases VALUES ('${RELEASE}', '${PROJECT}', 'v1', now());
  INSERT INTO release_candidates VALUES ('${CANDIDATE}', '${PROJECT}', '${RELEASE}', 1, '${SHA}', 'READY', 'me', now());
  INSERT INTO deployments VALUES
    ('${DEPLOYMENT}', '${PROJECT}', '${ENVIRONMENT}', 1, '${CANDIDATE}', NULL, 'PENDING', 'me', NULL, NULL, now());
  INSERT INTO deployment_status_changes VALUES (gen_random_uuid(), '${DEPLOYMENT}', 'PENDING', 'me', now(), now(), NULL);
  INSERT INTO audit_events VALUES (gen_random_uuid(), now(), 'me', 'token', 'deployment.create', NULL, 'x', '{}');
  INSERT INTO workflow_runs (
    id, deployment_id, runner, workflow, scope, placeholders, phase, status, source, next_check_at, deadline, created_at
  ) VALUES (
    '${RUN}', '${DEPLOYMENT}', 'WEBHOOK', '{"runner": "WEBHOOK"}', 'x', '{}', 'QUEUED', 'PENDING', 'REQUEST', now(), now(),
    now()
  );
  INSERT INTO deployment_reviews
    VALUES (gen_random_uuid(), '${DEPLOYMENT}', '${ENVIRONMENT}', '${CANDIDATE}', 'APPROVED', 'ann', NULL, now());
  INSERT INTO freezes (id, project_id, environment_ids, starts_at, reason, actor, created_at)
    VALUES (gen_random_uuid(), '${PROJECT}', '{}', now(), 'Holidays', 'me', now());
  INSERT INTO dispatch_attempts VALUES (gen_random_uuid(), '${RUN}', now(), 'dispatch', 'later', NULL);`

/** What must never be stored, and the constraint that keeps it out. */
const WRONG: readonly [string, string, string][] = [
  ['a project name with a slash', `UPDATE projects SET name = 'a/b'`, 'projects_name_check'],
  [
    'a problem of nothing',
    `INSERT INTO problems (work, kind, payload, project_id, message, at) VALUES ('x', 'x', '{}', '${PROJECT}', 'x', now())`,
    'problems_subject_check',
  ],
  ['an empty project name', `UPDATE projects SET name = ''`, 'projects_name_check'],
  ['two projects of one name', `UPDATE projects SET name = 'same'`, 'projects_name_key'],
  ['a clone URL on GitHub', `UPDATE projects SET clone_url = 'x'`, 'projects_clone_url_check'],
  ['no clone URL on a git server', `UPDATE projects SET clone_url = NULL`, 'projects_clone_url_check'],
  ['another repository', `UPDATE projects SET repository = 'acme/new'`, 'never changed'],
  [
    'a repository without an organisation',
    `INSERT INTO projects VALUES (gen_random_uuid(), 'p', 'shop', 'GITHUB', NULL, now())`,
    'projects_repository_check',
  ],
  ['an environment name with a space', `UPDATE environments SET name = 'a b'`, 'environments_name_check'],
  [
    'two environments of one name',
    `INSERT INTO environments VALUES (gen_random_uuid(), '${PROJECT}', 'production', 'STAGING', 0, now())`,
    'environments_project_id_name_key',
  ],
  ['a release version that begins with a dot', `UPDATE releases SET version = '.1'`, 'releases_version_check'],
  [
    'two releases of one version',
    `INSERT INTO releases VALUES (gen_random_uuid(), '${PROJECT}', 'v1', now())`,
    'releases_project_id_version_key',
  ],
  [
    'a candidate 0',
    `INSERT INTO release_candidates VALUES (gen_random_uuid(), '${PROJECT}', '${RELEASE}', 0, '${SHA}', 'READY', 'me', now())`,
    'release_candidates_number_check',
  ],
  [
    'the same candidate twice',
    `INSERT INTO release_candidates VALUES (gen_random_uuid(), '${PROJECT}', '${RELEASE}', 1, '${SHA}', 'READY', 'me', now())`,
    'release_candidates_release_id_number_key',
  ],
  [
    'a short commit',
    `INSERT INTO release_candidates VALUES (gen_random_uuid(), '${PROJECT}', '${RELEASE}', 2, 'abc', 'READY', 'me', now())`,
    'release_candidates_commit_check',
  ],
  ['another commit of a candidate', `UPDATE release_candidates SET commit = '${'b'.repeat(40)}'`, 'never changed'],
  [
    'a candidate of another project’s release',
    `INSERT INTO release_candidates VALUES (gen_random_uuid(), '${OTHER_PROJECT}', '${RELEASE}', 2, '${SHA}', 'READY', 'me', now())`,
    'release_candidates_release_id_project_id_fkey',
  ],
  [
    'a deployment to another project’s environment',
    `UPDATE deployments SET environment_id = '${OTHER_ENVIRONMENT}'`,
    'deployments_environment_id_project_id_fkey',
  ],
  [
    'a deployment without a candidate',
    `UPDATE deployments SET candidate_id = gen_random_uuid()`,
    'deployments_candidate_id_project_id_fkey',
  ],
  [
    'a deployment that ended and has no end',
    `UPDATE deployments SET status = 'SUCCESS', started_at = now(), admitted_at = now()`,
    'deployments_finished_at_check',
  ],
  [
    'an end of a deployment that goes on',
    `UPDATE deployments SET finished_at = now()`,
    'deployments_finished_at_check',
  ],
  [
    'a deployment that runs and has not begun',
    `UPDATE deployments SET status = 'IN_PROGRESS', admitted_at = now()`,
    'deployments_started_at_check',
  ],
  ['a deployment number 0', `UPDATE deployments SET number = 0`, 'deployments_number_check'],
  ['a deployment by nobody', `UPDATE deployments SET actor = ''`, 'deployments_actor_check'],
  ['a project that vanishes', `DELETE FROM projects WHERE id = '${PROJECT}'`, 'environments_project_id_fkey'],
  ['a history that is rewritten', `UPDATE deployment_status_changes SET status = 'SUCCESS'`, 'never changed'],
  ['a history that is cut', `DELETE FROM deployment_status_changes`, 'never changed'],
  ['an audit that is rewritten', `UPDATE audit_events SET actor = 'you'`, 'never changed'],
  [
    'a workflow of no known runner',
    `UPDATE environments SET deploy_workflow = '{"runner": "CRON"}'`,
    'deploy_workflow_check',
  ],
  [
    'a build workflow of no known runner',
    `UPDATE projects SET build_workflow = '{"runner": "x"}'`,
    'build_workflow_check',
  ],
  ['a run that is taken from its deployment', `UPDATE workflow_runs SET deployment_id = NULL`, 'never changed'],
  [
    'a run that was asked for by nothing',
    `INSERT INTO workflow_runs (id, runner, workflow, scope, placeholders, phase, status, source, next_check_at, deadline, created_at)
     SELECT gen_random_uuid(), runner, workflow, scope, placeholders, phase, status, source, next_check_at, deadline, created_at FROM workflow_runs`,
    'workflow_runs_subject_check',
  ],
  ['a run of another runner than its workflow’s', `UPDATE workflow_runs SET runner = 'BUILDKITE'`, 'never changed'],
  ['a run that ended without an end', `UPDATE workflow_runs SET phase = 'ENDED', next_check_at = NULL`, 'status_check'],
  [
    'a run that waits for nothing',
    `UPDATE workflow_runs SET next_check_at = NULL`,
    'workflow_runs_next_check_at_check',
  ],
  [
    'a dispatch of which nobody knows when it began',
    `UPDATE workflow_runs SET phase = 'DISPATCHING'`,
    'claimed_at_check',
  ],
  ['a cancel that nobody asked for', `UPDATE workflow_runs SET cancel_sent_at = now()`, 'workflow_runs_cancel_check'],
  [
    'two runs of one deployment',
    `INSERT INTO workflow_runs (id, deployment_id, runner, workflow, scope, placeholders, phase, status, source, next_check_at, deadline, created_at)
     SELECT gen_random_uuid(), deployment_id, runner, workflow, scope, placeholders, phase, status, source, next_check_at, deadline, created_at FROM workflow_runs`,
    'workflow_runs_deployment_id_key',
  ],
  ['gates that are no object', `UPDATE environments SET gates = '[]'`, 'environments_gates_check'],
  ['automation that is no object', `UPDATE environments SET automation = '1'`, 'environments_automation_check'],
  [
    'fewer than no waiting deployments',
    `UPDATE environments SET waiting_deployments = -1`,
    'waiting_deployments_check',
  ],
  ['a hold for no reason', `UPDATE environments SET held_at = now()`, 'environments_hold_check'],
  [
    'a quarantine for no reason',
    `UPDATE release_candidates SET quarantined_at = now(), quarantined_by = 'me'`,
    'release_candidates_quarantine_check',
  ],
  [
    'a deployment that runs though nothing has let it through',
    `UPDATE deployments SET status = 'IN_PROGRESS', started_at = now()`,
    'deployments_admitted_at_check',
  ],
  [
    'a deployment that undoes another one and is no rollback',
    `UPDATE deployments SET undoes_id = id`,
    'deployments_undoes_check',
  ],
  [
    'two automatic rollbacks of one deployment',
    `INSERT INTO deployments (id, project_id, environment_id, number, candidate_id, status, actor, created_at, kind, undoes_id, is_automatic)
     SELECT gen_random_uuid(), project_id, environment_id, n, candidate_id, status, actor, created_at, 'ROLLBACK', id, true
     FROM deployments CROSS JOIN generate_series(2, 3) AS n`,
    'deployments_one_automatic_rollback',
  ],
  [
    'a candidate that automation deploys twice',
    `INSERT INTO deployments (id, project_id, environment_id, number, candidate_id, status, actor, created_at, is_automatic)
     SELECT gen_random_uuid(), project_id, environment_id, n, candidate_id, status, actor, created_at, true
     FROM deployments CROSS JOIN generate_series(2, 3) AS n`,
    'deployments_one_automatic_deployment',
  ],
  [
    'two deployments of one request',
    `INSERT INTO deployments (id, project_id, environment_id, number, candidate_id, status, actor, created_at, request_key)
     SELECT gen_random_uuid(), project_id, environment_id, n, candidate_id, status, actor, created_at, id
     FROM deployments CROSS JOIN generate_series(2, 3) AS n`,
    'deployments_one_per_request',
  ],
  [
    'two approvals by one person',
    `INSERT INTO deployment_reviews SELECT gen_random_uuid(), deployment_id, environment_id, candidate_id, verdict, actor
     , comment, at FROM deployment_reviews`,
    'deployment_reviews_one_approval',
  ],
  ['a rejection without a word', `UPDATE deployment_reviews SET verdict = 'REJECTED', comment = ''`, 'comment_check'],
  [
    'a rejection that is withdrawn',
    `UPDATE deployment_reviews SET verdict = 'REJECTED', comment = 'x', withdrawn_at = now()`,
    'deployment_reviews_withdrawn_at_check',
  ],
  ['a review by nobody', `UPDATE deployment_reviews SET actor = ''`, 'deployment_reviews_actor_check'],
  ['a freeze by nobody', `UPDATE freezes SET actor = ''`, 'freezes_actor_check'],
  ['a freeze for no reason', `UPDATE freezes SET reason = ''`, 'freezes_reason_check'],
  [
    'a freeze of environments of no project',
    `UPDATE freezes SET project_id = NULL, environment_ids = '{${ENVIRONMENT}}'`,
    'freezes_environment_ids_check',
  ],
  ['a freeze that ends before it starts', `UPDATE freezes SET ends_at = starts_at`, 'freezes_ends_at_check'],
  ['a rule without its zone', `UPDATE freezes SET rrule = 'FREQ=DAILY', duration = 'P1D'`, 'freezes_recurrence_check'],
  [
    'a window that is lifted where there are none',
    `UPDATE freezes SET suspended_until = now()`,
    'suspended_until_check',
  ],
  ['a freeze that nobody has lifted', `UPDATE freezes SET lifted_at = now()`, 'freezes_lifted_check'],
  [
    'half an answer',
    `INSERT INTO idempotency_keys VALUES (gen_random_uuid(), 'token', 'key', 'hash', now(), 200)`,
    'idempotency_keys_answer_check',
  ],
  [
    'an idempotency key of a space',
    `INSERT INTO idempotency_keys VALUES (gen_random_uuid(), 'token', ' ', 'hash', now())`,
    'idempotency_keys_key_check',
  ],
  ['an attempt that is forgotten', `DELETE FROM dispatch_attempts`, 'never changed'],
  ['an audit that is cut', `DELETE FROM audit_events`, 'never changed'],
]

describe('the database refuses', () => {
  test.each(WRONG)('%s', async (_what, statement, constraint) => {
    await client.query('BEGIN')
    try {
      await client.query(SEED)
      await expect(client.query(statement)).rejects.toThrow(constraint)
    } finally {
      await client.query('ROLLBACK')
    }
  })
})

test('every list that a query offers is read by an index', async () => {
  await client.query('BEGIN')
  await client.query(SEED)
  await client.query('SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off')
  const lists = await readFile(new URL('./lists.sql', import.meta.url), 'utf8')
  for (const statement of lists.split(';').filter(text => text.trim() !== '')) {
    const { rows } = await client.query<{ 'QUERY PLAN': string }>(`EXPLAIN ${statement}`)
    const plan = rows.map(row => row['QUERY PLAN']).join('\n')
    expect(plan, statement).toMatch(/Index( Only)? Scan/)
    expect(plan, statement).not.toMatch(/Seq Scan|Sort/)
  }
  await client.query('ROLLBACK')
})
