import { setTimeout as sleep } from 'node:timers/promises'
import type { BreakablePostgres } from './breakable-postgres.js'

/** A fault of a database, which is over when the promise settles. `lasts` is in milliseconds. */
type DatabaseFault = (postgres: BreakablePostgres, lasts: number) => Promise<void>

const MINUTE_MS = 60_000
/** The database is away from this long before the full minute, when periodic jobs begin, until this long after it. */
const AROUND_MS = 2_000

/** Everybody else who is connected. */
const OTHERS = "pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"

/** Every kind of fault by its name. */
export const DATABASE_FAULTS: Readonly<Record<string, DatabaseFault>> = {
  restarted: async (postgres, lasts) => {
    await postgres.shutDown()
    await sleep(lasts)
    await postgres.boot()
  },
  killed: async (postgres, lasts) => {
    postgres.kill()
    await sleep(lasts)
    await postgres.boot()
  },
  // PostgreSQL ends all other sessions, whose memory may be damaged, and recovers.
  'one process killed': async postgres => {
    const [other] = await postgres.work(
      async client => (await client.query<{ pid: number }>(`SELECT pid FROM ${OTHERS} LIMIT 1`)).rows,
    )
    if (other !== undefined) process.kill(other.pid, 'SIGKILL')
  },
  // Nothing is refused and nothing is answered, on old and on new connections.
  paused: async (postgres, lasts) => {
    postgres.network.freeze()
    await sleep(2 * lasts)
    postgres.network.thaw()
  },
  // A firewall forgets what is open, and says so to nobody.
  'silent connections': async postgres => postgres.network.freezeOpen(),
  'read-only': async (postgres, lasts) => {
    await setReadOnly(postgres, 'on')
    await sleep(lasts)
    await setReadOnly(postgres, 'off')
  },
  'a row held': async (postgres, lasts) => {
    await postgres.work(async client => {
      await client.query('BEGIN')
      await client.query('SELECT FROM environments FOR UPDATE')
      await sleep(2 * lasts)
      await client.query('ROLLBACK')
    })
  },
  'away at a full minute': async postgres => {
    const untilMinute = MINUTE_MS - (Date.now() % MINUTE_MS)
    await sleep(Math.max(0, untilMinute - AROUND_MS))
    await postgres.network.refuse()
    await sleep(2 * AROUND_MS)
    await postgres.network.accept()
  },
}

/** As before and after the promotion of a standby: every session is ended, and the new ones find what is so now. */
async function setReadOnly(postgres: BreakablePostgres, value: 'on' | 'off'): Promise<void> {
  await postgres.work(async client => {
    await client.query('SET default_transaction_read_only = off')
    await client.query(`ALTER SYSTEM SET default_transaction_read_only = ${value}`)
    await client.query('SELECT pg_reload_conf()')
    if (value === 'on') await client.query(`SELECT pg_terminate_backend(pid) FROM ${OTHERS}`)
  })
}
