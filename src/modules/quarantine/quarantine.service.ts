import { parseCandidateVersion } from '../../core/candidate-version.js'
import { SlipwayError } from '../../core/errors.js'
import { currentTime } from '../../database/clock.js'
import { Prisma } from '../../database/generated/client.js'
import { inTurn, type SqlTransaction, sqlTransaction } from '../../database/transaction.js'
import { authorize } from '../access/access.rules.js'
import { recordAuditEvent } from '../audit/audit.service.js'
import type { ServiceContext } from '../context/service-context.js'
import { wakeAll } from '../deployment/follow-up.js'
import { requireProject } from '../project/project.service.js'
import { requireCandidate } from '../release/release.service.js'
import { lockCandidate } from '../tracking/open-run.js'

interface QuarantineRequest {
  /** The project's name. */
  readonly project: string
  readonly candidateVersion: string
  readonly reason: string
}

/** Puts a candidate into quarantine: it can be deployed nowhere until it is released. Repeating it changes nothing. */
export async function quarantineCandidate(ctx: ServiceContext, input: QuarantineRequest): Promise<{ id: string }> {
  return change(ctx, 'candidate.quarantine', input, (tx, id, reason) =>
    quarantine(tx, id, { actor: ctx.actor.subject, reason }),
  )
}

/** Releases a candidate from quarantine; what waits for that goes on. Repeating it changes nothing. */
export async function releaseFromQuarantine(ctx: ServiceContext, input: QuarantineRequest): Promise<{ id: string }> {
  return change(ctx, 'candidate.release', input, async (tx, id) => {
    const { candidate } = await lockCandidate(tx, id)
    if (candidate.quarantinedAt === null) return false
    await tx.$queryRaw(Prisma.sql`
      UPDATE release_candidates SET quarantined_at = NULL, quarantined_by = NULL, quarantine_reason = NULL
      WHERE id = ${id}::uuid`)
    const waiting = await tx.$queryRaw<{ environmentId: string }[]>(Prisma.sql`
      SELECT DISTINCT environment_id AS "environmentId" FROM deployments
      WHERE candidate_id = ${id}::uuid AND finished_at IS NULL AND admitted_at IS NULL`)
    await wakeAll(
      tx,
      waiting.map(({ environmentId }) => environmentId),
    )
    return true
  })
}

/** The same as part of another transaction. Answers whether it was not in quarantine before. */
export async function quarantine(
  tx: SqlTransaction,
  candidateId: string,
  { actor, reason }: { readonly actor: string; readonly reason: string },
): Promise<boolean> {
  const { candidate, now } = await lockCandidate(tx, candidateId)
  if (candidate.quarantinedAt !== null) return false
  await tx.$queryRaw(Prisma.sql`
    UPDATE release_candidates
    SET quarantined_at = ${now}, quarantined_by = ${actor}, quarantine_reason = ${reason}
    WHERE id = ${candidateId}::uuid`)
  return true
}

async function change(
  ctx: ServiceContext,
  action: 'candidate.quarantine' | 'candidate.release',
  input: QuarantineRequest,
  work: (tx: SqlTransaction, candidateId: string, reason: string) => Promise<boolean>,
): Promise<{ id: string }> {
  const version = parseCandidateVersion(input.candidateVersion)
  const reason = input.reason.trim()
  if (reason === '') throw new SlipwayError('INVALID_INPUT', { message: 'reason is missing', details: 'Say why.' })
  return sqlTransaction(inTurn(ctx.database, `candidate ${input.project}/${input.candidateVersion}`), async tx => {
    const project = await requireProject(tx, ctx.actor, input.project)
    authorize(ctx.actor, action)
    const { id } = await requireCandidate(tx, project, version)
    if (await work(tx, id, reason)) {
      const { candidateVersion } = input
      const at = await currentTime(tx)
      await recordAuditEvent(tx, ctx.actor, {
        action,
        at,
        projectId: project.id,
        subjectId: id,
        data: { candidateVersion, reason },
      })
    }
    return { id }
  })
}
