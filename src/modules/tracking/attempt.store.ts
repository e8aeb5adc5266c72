import { v7 as uuid } from 'uuid'
import { cutText } from '../../core/text.js'
import { Prisma } from '../../database/generated/client.js'
import type { SqlReader, SqlTransaction } from '../../database/transaction.js'
import type { CancelOutcome, DispatchOutcome } from '../runner/runner.js'
import type { Run } from './run.js'

/** Keeps what came of a try to have a run started or stopped. `at`: when it was begun. */
export async function insertAttempt(
  tx: SqlTransaction,
  run: Run,
  request: 'dispatch' | 'cancel',
  at: Date,
  outcome: DispatchOutcome | CancelOutcome,
): Promise<void> {
  const message = 'reason' in outcome ? cutText(outcome.reason) : null
  const kind = outcome.kind === 'ended' ? 'refused' : outcome.kind
  await tx.$queryRaw(Prisma.sql`
    INSERT INTO dispatch_attempts (id, run_id, at, request, outcome, message)
    VALUES (${uuid()}::uuid, ${run.id}::uuid, ${at}, ${request}, ${kind}, ${message})`)
}

/** Why the last try did not succeed; null when it did, or there was none. */
export async function lastWords(reader: SqlReader, run: Run): Promise<string | null> {
  const [row] = await reader.$queryRaw<{ message: string | null }[]>(Prisma.sql`
    SELECT message FROM dispatch_attempts WHERE run_id = ${run.id}::uuid ORDER BY id DESC LIMIT 1`)
  return row?.message ?? null
}
