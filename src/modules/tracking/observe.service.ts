import { toGlobalId } from '../../core/global-id.js'
import { RunPhase, TrackingSource } from '../../database/generated/enums.js'
import type { SqlTransaction } from '../../database/transaction.js'
import { insertReported } from '../deployment/deployment.store.js'
import { findCandidateByKey } from '../release/release.service.js'
import type { Observation } from '../runner/observation.js'
import { judgeObservation, type ObservationVerdict } from './observation.rules.js'
import { type OpenRun, openRun, saveRun, tellSubject } from './open-run.js'
import type { Run } from './run.js'
import { askNow, ended, hearAgain, type Pace, takeObservation } from './run.rules.js'
import { newRun } from './run.start.js'
import { findRunByExternalId, insertRun } from './run.store.js'

/** Who told what was observed, and how. */
export interface Telling {
  /** The runner's name, as the histories have it. */
  readonly actor: string
  readonly source: typeof TrackingSource.EVENT | typeof TrackingSource.CHECK
  readonly pace: Pace
}

/** Takes what a runner said of a run, in the transaction that has it open. */
export async function observe(
  tx: SqlTransaction,
  open: OpenRun,
  observed: Observation,
  telling: Telling,
): Promise<ObservationVerdict> {
  const { run, now } = open
  const verdict = judgeObservation(run, observed)
  switch (verdict) {
    case 'take':
      await saveRun(tx, open, takeObservation(run, observed, telling.source, telling.pace, now), telling.actor)
      break
    case 'rerun': {
      const newest = (await findRunByExternalId(tx, { ...run, externalId: run.externalId ?? '' })) ?? run
      // Somebody else has heard of it meanwhile.
      if (newest.attempt > observed.attempt) return 'ignore'
      if (newest.attempt === observed.attempt) return observe(tx, await openRun(tx, newest), observed, telling)
      await insertRerun(tx, open, observed, telling)
      break
    }
    case 'ask':
      await saveRun(tx, open, askNow(run, now), telling.actor)
      break
    case 'ignore':
      if (telling.source === TrackingSource.EVENT && run.phase === RunPhase.FOLLOWED) {
        await saveRun(tx, open, hearAgain(run, telling.pace, now), telling.actor)
      }
  }
  return verdict
}

/**
 * The runner has run it again: a deployment that had ended is reopened as a new one, and a candidate is built again. The
 * run that had ended stays as it was.
 */
async function insertRerun(tx: SqlTransaction, open: OpenRun, observed: Observation, telling: Telling): Promise<void> {
  const { subject, now } = open
  const { actor, source, pace } = telling
  const past = open.run.phase === RunPhase.ENDED ? open.run : ended(open.run)
  if (past !== open.run) await saveRun(tx, open, past, actor)
  const fresh: Run = {
    ...past,
    ...newRun(past.workflow, now),
    phase: RunPhase.FOLLOWED,
    externalId: past.externalId,
    externalUrl: past.externalUrl,
    attempt: observed.attempt,
    observedAt: past.observedAt,
  }
  const next = takeObservation(fresh, observed, source, pace, now)
  if (subject.kind === 'build') {
    await insertRun(tx, next)
    await tellSubject(tx, open, next, actor)
    return
  }
  const candidate = await findCandidateByKey(tx, subject.deployment.candidateId)
  const entry = {
    status: next.status,
    at: next.observedAt ?? now,
    errorMessage: next.errorMessage,
    externalUrl: next.externalUrl,
  }
  const recording = { actor, source, now }
  const deployment = await insertReported(tx, subject.environment, candidate, entry, recording, subject.deployment)
  const placeholders = {
    ...next.placeholders,
    'deployment.id': toGlobalId('deployment', deployment.id),
    'deployment.actor': actor,
  }
  await insertRun(tx, { ...next, deploymentId: deployment.id, placeholders })
}
