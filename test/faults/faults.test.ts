import { randomInt } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { toGlobalId } from '../../src/core/global-id.js'
import { StandInGitHub } from '../../src/demo/stand-in-github.js'
import { Random } from '../support/random.js'
import { type ServerProcess, startServer } from '../support/server-process.js'
import { JWT_SECRET, testToken } from '../support/token.js'
import { BreakablePostgres } from './breakable-postgres.js'
import { DATABASE_FAULTS } from './database-faults.js'
import { Load, type Recovery } from './load.js'

const TOKEN = testToken({ subject: 'ci' })
const INPUT = 'aviator_deployment_id'
/** How many faults come over the database. None by default, since they take minutes. */
const FAULTS = Number(process.env['TEST_FAULTS'] ?? 0)
/** The same seed gives the same faults in the same order. */
const SEED = Number(process.env['TEST_FAULTS_SEED'] ?? randomInt(2 ** 31))
/** A fault lasts this long at most. */
const LONGEST_MS = 4_000
/** A fault and the recovery from it are given up after this time. */
const LONGEST_FAULT_MS = 240_000
/** The load runs this long between a recovery and the next fault. */
const BETWEEN_MS = 1_500

let postgres: BreakablePostgres
let github: StandInGitHub
let dataDir: string
let server: ServerProcess

beforeAll(async () => {
  postgres = await BreakablePostgres.start()
  dataDir = await mkdtemp(join(tmpdir(), 'slipway-faults-data-'))
  github = await StandInGitHub.start()
  github.workflows.set('deploy.yml', {
    inputs: [INPUT, 'aviator_release_cut_commit_hash', 'aviator_release_candidate_version'],
    titleInput: INPUT,
  })
  server = await startServer({
    DATABASE_URL: postgres.network.url,
    DATA_DIR: dataDir,
    JWT_SECRET,
    GITHUB_API_URL: github.url,
    RUN_CHECK_SECONDS: '1',
    RATE_LIMIT: '0',
  })
})
afterAll(async () => {
  await server.end('SIGTERM')
  await github.stop()
  await postgres.remove()
  await rm(dataDir, { recursive: true, force: true })
})

test.skipIf(FAULTS === 0)(
  `a server outlives ${FAULTS} faults of its database under load, loses nothing and does every job once`,
  {
    timeout: (FAULTS + 1) * LONGEST_FAULT_MS,
  },
  async () => {
    const random = new Random(SEED)
    const load = new Load(server.url, TOKEN, github)
    await load.seed()
    load.begin()
    const recoveries: [fault: string, recovery: Recovery][] = [['none', await load.probe()]]
    try {
      for (const fault of faults(random)) {
        await sleep(BETWEEN_MS)
        await DATABASE_FAULTS[fault]?.(postgres, random.between(0, LONGEST_MS))
        const recovery = await inTime(fault, load.probe())
        console.info(`${recoveries.length}. ${fault}: ${seconds(recovery.changes)}, ${seconds(recovery.jobs)}`)
        recoveries.push([fault, recovery])
      }
    } finally {
      await load.end()
    }
    console.info(report(recoveries, load))
    expect(load.unexpected).toEqual([])
    // The same process runs throughout, and logs nothing fatal.
    expect(server.child.exitCode).toBeNull()
    expect(server.log.filter(({ level }) => Number(level) >= 60)).toEqual([])
    const deployments = await statuses()
    for (const id of load.deployments) expect(deployments.has(id)).toBe(true)
    for (const id of load.successes) expect([id, deployments.get(id)]).toEqual([id, 'SUCCESS'])
    expect(deployments.size).toBe(load.deployments.size)
    expect(await candidates()).toEqual(load.candidates)
    const dispatched = github.runs.map(run => run.inputs[INPUT])
    expect(new Set(dispatched).size).toBe(dispatched.length)
    await expect.poll(dueJobs).toBe(0)
  },
)

const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`

async function inTime(fault: string, coming: Promise<Recovery>): Promise<Recovery> {
  const recovery = await Promise.race([coming, sleep(LONGEST_FAULT_MS, null, { ref: false })])
  if (recovery === null) throw new Error(`No recovery from "${fault}" within ${seconds(LONGEST_FAULT_MS)}`)
  return recovery
}

/** Each kind once, as far as the number goes, and then any of them. */
function faults(random: Random): string[] {
  const kinds = Object.keys(DATABASE_FAULTS)
  const more = Array.from({ length: FAULTS }, () => random.pick(kinds))
  return random.shuffled([...random.shuffled(kinds), ...more].slice(0, FAULTS))
}

function report(recoveries: readonly (readonly [string, Recovery])[], load: Load): string {
  const rows = [...new Set(recoveries.map(([fault]) => fault))].map(fault => {
    const of = recoveries.filter(([name]) => name === fault).map(([, recovery]) => recovery)
    const longest = (what: keyof Recovery) => seconds(Math.max(...of.map(recovery => recovery[what])))
    return `${fault} (${of.length}): changes after ${longest('changes')}, jobs after ${longest('jobs')} at most`
  })
  return [
    `TEST_FAULTS=${recoveries.length - 1} TEST_FAULTS_SEED=${SEED}`,
    ...rows,
    `${load.deployments.size} deployments, ${load.candidates.size} candidates, ${load.refusals} times asked to come again`,
    `the slowest sign of life: ${seconds(load.slowestLifeSign)}`,
  ].join('\n')
}

/** What the database holds, by the IDs that the API gives. */
function statuses(): Promise<Map<string, string>> {
  return postgres.work(async client => {
    const { rows } = await client.query<{ id: string; status: string }>('SELECT id, status FROM deployments')
    return new Map(rows.map(({ id, status }) => [toGlobalId('deployment', id), status]))
  })
}

function candidates(): Promise<Set<string>> {
  return postgres.work(async client => {
    const { rows } = await client.query<{ version: string }>(
      `SELECT releases.version || '-rc' || number AS version
       FROM release_candidates JOIN releases ON releases.id = release_id`,
    )
    return new Set(rows.map(({ version }) => version))
  })
}

/** Jobs that should be done by now, and those that a worker holds. */
function dueJobs(): Promise<number> {
  return postgres.work(async client => {
    const { rows } = await client.query<{ count: number }>(
      'SELECT count(*)::int AS count FROM graphile_worker.jobs WHERE locked_at IS NOT NULL OR run_at < now()',
    )
    return rows[0]?.count ?? 0
  })
}
