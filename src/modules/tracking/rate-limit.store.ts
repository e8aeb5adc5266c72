import { Prisma } from '../../database/generated/client.js'
import type { SqlTransaction } from '../../database/transaction.js'

/** Until when a credential must be left alone; null: it need not. */
export async function blockedUntil(tx: SqlTransaction, credential: string, now: Date): Promise<Date | null> {
  const [row] = await tx.$queryRaw<{ blockedUntil: Date }[]>(Prisma.sql`
    SELECT blocked_until AS "blockedUntil" FROM rate_limits
    WHERE credential = ${credential} AND blocked_until > ${now}`)
  return row?.blockedUntil ?? null
}

/** Has all workers leave a credential alone until then. */
export async function block(tx: SqlTransaction, credential: string, until: Date): Promise<void> {
  await tx.$queryRaw(Prisma.sql`
    INSERT INTO rate_limits (credential, blocked_until) VALUES (${credential}, ${until})
    ON CONFLICT (credential) DO UPDATE SET blocked_until = greatest(rate_limits.blocked_until, excluded.blocked_until)`)
}
