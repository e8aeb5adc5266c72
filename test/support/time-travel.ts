import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'

/** What never comes about is given up after so long, whatever the machine. */
const PATIENCE_MS = 120_000
const LOCK_NOT_AVAILABLE = '55P03'

/**
 * Lets time pass, by so much: all that is stored, and every job that waits, becomes as much older. Nothing in Slipway
 * knows of it, which goes by the clock of the database alone. Nothing of what matters may be under way outside a
 * transaction, such as a dispatch: it would not know its run again.
 */
export async function letTimePass(databaseUrl: string, milliseconds: number): Promise<void> {
  await connected(databaseUrl, async client => {
    const { rows } = await client.query<{ name: string; columns: string[] }>(`
      SELECT format('%I.%I', table_schema, table_name) AS name, array_agg(column_name::text) AS columns
      FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
      WHERE data_type = 'timestamp with time zone' AND table_type = 'BASE TABLE'
        AND (table_schema = 'public' AND table_name NOT LIKE '\\_prisma%'
             OR table_schema = 'graphile_worker' AND table_name = '_private_jobs')
      GROUP BY table_schema, table_name`)
    await beginAlone(
      client,
      rows.map(({ name }) => name),
    )
    // What is written once is not to be changed by triggers, but it does get older.
    await client.query('SET LOCAL session_replication_role = replica')
    for (const { name, columns } of rows) {
      const older = columns.map(column => `"${column}" = "${column}" - $1 * interval '1 millisecond'`)
      await client.query(`UPDATE ${name} SET ${older.join(', ')}`, [milliseconds])
    }
    // Workers look for what is due once a second, or when they are told of something new.
    await client.query(`SELECT pg_notify('jobs:insert', '{"count": 10}')`)
    await client.query('COMMIT')
  })
}

/** Waits until every job is done that is due, or was tried in vain and will be again. */
export async function settled(databaseUrl: string): Promise<void> {
  await connected(databaseUrl, client =>
    untilTrue('the jobs that are due are done', async () => {
      const { rowCount } = await client.query(
        `SELECT FROM graphile_worker.jobs WHERE (run_at <= now() OR attempts > 0) AND task_identifier <> 'sweep' LIMIT 1`,
      )
      return rowCount === 0
    }),
  )
}

/**
 * Begins a transaction in which nobody else writes to these tables. It does not wait for writers while it has some of
 * the tables: that might be a deadlock.
 */
function beginAlone(client: pg.Client, tables: readonly string[]): Promise<void> {
  return untilTrue('nobody writes', async () => {
    await client.query('BEGIN')
    try {
      await client.query(`LOCK TABLE ${tables.join(', ')} IN EXCLUSIVE MODE NOWAIT`)
      return true
    } catch (error) {
      await client.query('ROLLBACK')
      if ((error as { code?: string }).code !== LOCK_NOT_AVAILABLE) throw error
      return false
    }
  })
}

async function untilTrue(what: string, isTrue: () => Promise<boolean>): Promise<void> {
  for (const begun = performance.now(); !(await isTrue()); await sleep(4)) {
    if (performance.now() > begun + PATIENCE_MS) throw new Error(`It did not come about that ${what}`)
  }
}

async function connected<Result>(databaseUrl: string, work: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}
