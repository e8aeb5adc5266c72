import pg from 'pg'

/**
 * Lets time pass, by so much: all that is stored, and every job that waits, becomes as much older. Nothing in Slipway
 * knows of it, which goes by the clock of the database alone.
 */
export async function letTimePass(databaseUrl: string, milliseconds: number): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    const { rows } = await client.query<{ schema: string; table: string; columns: string[] }>(`
      SELECT table_schema AS schema, table_name AS table, array_agg(column_name::text) AS columns
      FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
      WHERE data_type = 'timestamp with time zone' AND table_type = 'BASE TABLE'
        AND (table_schema = 'public' AND table_name NOT LIKE '\\_prisma%'
             OR table_schema = 'graphile_worker' AND table_name = '_private_jobs')
      GROUP BY 1, 2`)
    await client.query('BEGIN')
    // What is written once is not to be changed by triggers, but it does get older.
    await client.query('SET LOCAL session_replication_role = replica')
    for (const { schema, table, columns } of rows) {
      const older = columns.map(column => `"${column}" = "${column}" - $1 * interval '1 millisecond'`)
      await client.query(`UPDATE "${schema}"."${table}" SET ${older.join(', ')}`, [milliseconds])
    }
    // Workers look for what is due once a second, or when they are told of something new.
    await client.query(`SELECT pg_notify('jobs:insert', '{"count": 10}')`)
    await client.query('COMMIT')
  } finally {
    await client.end()
  }
}

/** Waits until every job is done that is due. */
export async function settled(databaseUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    for (let tries = 0; ; tries += 1) {
      const { rowCount } = await client.query(
        `SELECT FROM graphile_worker.jobs WHERE run_at <= now() AND task_identifier <> 'sweep' LIMIT 1`,
      )
      if (rowCount === 0) return
      if (tries > 5_000) throw new Error('Jobs that are due are not done')
      await new Promise(resolve => setTimeout(resolve, 4))
    }
  } finally {
    await client.end()
  }
}
