import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { inject } from 'vitest'

export interface TestDatabase {
  readonly url: string
  /** Removes it. Fails when somebody is still connected, so that a test that leaks connections is found out. */
  drop(): Promise<void>
}

/** Clones the template database. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const template = new URL(inject('templateUrl'))
  const name = `slipway_test_${randomUUID().replaceAll('-', '')}`
  await administer(client => client.query(`CREATE DATABASE ${name} TEMPLATE ${template.pathname.slice(1)}`))
  const url = new URL(template)
  url.pathname = `/${name}`
  return { url: url.href, drop: () => administer(client => drop(client, name)) }
}

async function drop(client: pg.Client, name: string): Promise<void> {
  const { rows } = await client.query<{ application_name: string; query: string }>(
    // PostgreSQL's own, such as autovacuum, come and go.
    "SELECT application_name, query FROM pg_stat_activity WHERE datname = $1 AND backend_type = 'client backend'",
    [name],
  )
  await client.query(`DROP DATABASE ${name} WITH (FORCE)`)
  if (rows.length > 0) throw new Error(`Connections were left open: ${JSON.stringify(rows)}`)
}

/** Works on the server's own database, one client at a time: a template is cloned only while nobody else uses it. */
async function administer(work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const url = new URL(inject('templateUrl'))
  url.pathname = '/postgres'
  const client = new pg.Client({ connectionString: url.href })
  await client.connect()
  try {
    await client.query('SELECT pg_advisory_lock(1)')
    await work(client)
  } finally {
    await client.end()
  }
}
