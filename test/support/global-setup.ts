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

/** One PostgreSQL for the whole run: the one at `TEST_DATABASE_URL`, or an embedded one in a temporary folder. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  forgetEnvironment()
  const log = pino({ level: 'warn' })
  const given = process.env['TEST_DATABASE_URL']
  if (given !== undefined) return provideTemplate(project, given)
  const dataDir = await mkdtemp(join(tmpdir(), 'slipway-test-'))
  const postgres = await startEmbeddedPostgres(dataDir, log)
  // What is lost with a test machine's power is of no use to anybody.
  await query(
    postgres.url,
    'ALTER SYSTEM SET fsync = off',
    'ALTER SYSTEM SET synchronous_commit = off',
    'SELECT pg_reload_conf()',
  )
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

async function query(url: string, ...statements: string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  for (const statement of statements) await client.query(statement)
  await client.end()
}
