import { v7 as uuid } from 'uuid'
import { type Deployment, Prisma } from '../../database/generated/client.js'
import type { ReviewVerdict } from '../../database/generated/enums.js'
import type { SqlTransaction } from '../../database/transaction.js'
import type { LockedEnvironment } from '../environment/environment.lock.js'

/** What somebody says of a deployment that waits. */
export interface Review {
  readonly verdict: ReviewVerdict
  readonly actor: string
  readonly comment: string | null
  readonly at: Date
}

/** Keeps a review; false when the same person has approved of the candidate there before. */
export async function insertReview(
  tx: SqlTransaction,
  environment: LockedEnvironment,
  deployment: Deployment,
  { verdict, actor, comment, at }: Review,
): Promise<boolean> {
  const rows = await tx.$queryRaw<unknown[]>(Prisma.sql`
    INSERT INTO deployment_reviews (id, deployment_id, environment_id, candidate_id, verdict, actor, comment, at)
    VALUES (${uuid()}::uuid, ${deployment.id}::uuid, ${environment.id}::uuid, ${deployment.candidateId}::uuid,
            ${verdict}::review_verdict, ${actor}, ${comment}, ${at})
    ON CONFLICT DO NOTHING RETURNING 1`)
  return rows.length > 0
}

/** What was approved of is not any more. */
export async function withdrawApprovals(
  tx: SqlTransaction,
  environment: LockedEnvironment,
  candidateId: string,
  at: Date,
): Promise<void> {
  await tx.$queryRaw(Prisma.sql`
    UPDATE deployment_reviews SET withdrawn_at = ${at}
    WHERE environment_id = ${environment.id}::uuid AND candidate_id = ${candidateId}::uuid
      AND verdict = 'APPROVED' AND withdrawn_at IS NULL`)
}
