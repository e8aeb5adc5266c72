import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { pino } from 'pino'
import type { TestProject } from 'vitest/node'
import { startEmbeddedPostgres } from '../../src/database/embedded-postgres.js'
import { migrate } from '../../src/database/migrations.js'
import { forgetEnvironment } from './environment.js'

declare module 'vitest' {
  interface ProvidedContext {
    /** Of a database that holds the schema and no rows, to be cloned and never connected to. */
    templateUrl: string
  }
}

const SETTINGS = {
  // Each file of tests that runs has servers and workers of its own, with pools of their own.
  max_connections: '300',
  // What is lost with a test machine's power is of no use to anybody.
  fsync: 'off',
  synchronous_commit: 'off',
}

/** One PostgreSQL for the whole run: the one at `TEST_DATABASE_URL`, or an embedded one in a temporary folder. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  forgetEnvironment()
  const log = pino({ level: 'warn' })
  const given = process.env['TEST_DATABASE_URL']
  if (given !== undefined) return provideTemplate(project, given)
  const dataDir = await mkdtemp(join(tmpdir(), 'slipway-test-'))
  const postgres = await startEmbeddedPostgres(dataDir, log, SETTINGS)
  const dropTemplate = await provideTemplate(project, postgres.url)
  return async () => {
    await dropTemplate()
    await postgres.stop()
    await rm(dataDir, { recursive: true, force: true })
  }
}

async function provideTemplate(project: TestProject, serverUrl: string): Promise<() => Promise<void>> {
  const name = `slipway_template_${process.pid}`
  await query(serverUrl, `CREATE DATABASE ${name}`)
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  await migrate(url.href, pino({ level: 'warn' }))
  project.provide('templateUrl', url.href)
  return () => query(serverUrl, `DROP DATABASE ${name}`)
}

async function query(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(statement)
  await client.end()
}
