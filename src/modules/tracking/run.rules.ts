import { cutText } from '../../core/text.js'
import { DeploymentStatus, RunPhase, TrackingSource } from '../../database/generated/enums.js'
import { enterStatus, isFinished } from '../deployment/deployment.status.js'
import { linkTo, type Observation } from '../runner/observation.js'
import type { CancelOutcome, CheckOutcome, DispatchOutcome, FindOutcome } from '../runner/runner.js'
import type { Run } from './run.js'

/** How long to wait. Random to a degree, so that what began together does not go on together. */
export interface Pace {
  /** Until the runner is asked, when nothing has been heard for so many questions. */
  quiet(checks: number): number
  /** Until a dispatch is tried again that failed so often. */
  retry(tries: number): number
}

/**
 * A dispatch whose outcome is not known is looked up after so long. By then it is not under way any more, since runners
 * give up earlier, and what it had started shows in their lists.
 */
const LOOK_UP_AFTER_MS = 20_000
/** A runner whose lists lag may not know a run that it has just started: only after so many times it counts as gone. */
const MISSING_CHECKS = 3
/** A dispatch that was accepted without a name for the run is looked up after so long. */
const NAME_AFTER_MS = 2_000

const MINUTE_MS = 60_000

/** What is to be done about a run now; `rest`: nothing until its next check. */
export type Step = 'dispatch' | 'find' | 'cancel' | 'check' | 'expire' | 'close' | 'rest'

/** Decides what is next about a run; `canBeAsked` is the runner's. */
export function nextStep(run: Run, canBeAsked: boolean, now: Date): Step {
  if (run.phase === RunPhase.ENDED) return 'rest'
  // A pipeline or a person has said how it ended.
  if (isFinished(run.status)) return 'close'
  const isOver = run.deadline <= now
  if (run.phase === RunPhase.QUEUED) return isOver ? 'expire' : isDue(run, now) ? 'dispatch' : 'rest'
  if (run.phase === RunPhase.DISPATCHING) return isDue(run, now) ? 'find' : 'rest'
  if (!isOver && isCancelDue(run) && (run.externalId !== null || !canBeAsked)) {
    return isDue(run, now) ? 'cancel' : 'rest'
  }
  if (!canBeAsked) return isOver ? 'expire' : 'rest'
  if (run.externalId === null) return isOver ? 'expire' : isDue(run, now) ? 'find' : 'rest'
  return isOver || isDue(run, now) ? 'check' : 'rest'
}

/** Until when nothing is to be done about a run of which nothing is to be done now. */
export function restUntil(run: Run, now: Date): Date {
  return run.nextCheckAt !== null && run.nextCheckAt > now ? run.nextCheckAt : run.deadline
}

function isDue(run: Run, now: Date): boolean {
  return run.nextCheckAt === null || run.nextCheckAt <= now
}

/** The dispatch begins: until its outcome is known nobody else begins one. */
export function beginDispatch(run: Run, now: Date): Run {
  const phase = RunPhase.DISPATCHING
  return { ...run, phase, claimedAt: now, tries: run.tries + 1, nextCheckAt: after(now, LOOK_UP_AFTER_MS) }
}

export function endDispatch(run: Run, outcome: DispatchOutcome, pace: Pace, now: Date): Run {
  switch (outcome.kind) {
    case 'accepted':
      return follow(run, outcome.externalId, outcome.url, pace, now)
    case 'refused':
      return conclude(run, DeploymentStatus.ERROR, outcome.reason, now)
    case 'later': {
      if (isCancelDue(run)) return conclude(run, DeploymentStatus.CANCELED, null, now)
      const nextCheckAt = nextTry(run, pace.retry(run.tries), outcome.retryAfterMs, now)
      return { ...run, phase: RunPhase.QUEUED, claimedAt: null, nextCheckAt }
    }
    case 'unclear':
      return { ...run, nextCheckAt: after(now, LOOK_UP_AFTER_MS) }
  }
}

export function endFind(run: Run, outcome: FindOutcome, pace: Pace, now: Date): Run {
  switch (outcome.kind) {
    case 'found':
      return follow(run, outcome.externalId, outcome.url, pace, now)
    case 'absent':
      // What was accepted is on its way; what was unclear did not happen, and is done now if it is still wanted.
      if (run.phase !== RunPhase.DISPATCHING) return quieter(run, pace, now, null)
      if (isCancelDue(run)) return conclude(run, DeploymentStatus.CANCELED, null, now)
      return { ...run, phase: RunPhase.QUEUED, claimedAt: null, nextCheckAt: now }
    case 'ambiguous':
      // Better none than two: an event or the run's own callback may still tell which one it is.
      return quieter({ ...run, phase: RunPhase.FOLLOWED, claimedAt: null }, pace, now, null)
    case 'later': {
      const nextCheckAt = nextTry(run, pace.retry(run.tries), outcome.retryAfterMs, now)
      return overdue({ ...run, nextCheckAt }, outcome.reason, now)
    }
  }
}

/** The runner has it: from now on it is followed until it ends. */
export function follow(run: Run, externalId: string | null, url: string | null, pace: Pace, now: Date): Run {
  const waitMs = externalId === null ? NAME_AFTER_MS : pace.quiet(0)
  return {
    ...run,
    phase: RunPhase.FOLLOWED,
    claimedAt: null,
    externalId,
    externalUrl: (url && linkTo(url)) ?? run.externalUrl,
    heardAt: now,
    deadline: after(now, run.workflow.timeoutMinutes * MINUTE_MS),
    nextCheckAt: isCancelDue(run) ? now : after(now, waitMs),
  }
}

/** What an answer to a check leaves of it, after its observations were taken; `isNews`: one of them was. */
export function endCheck(
  run: Run,
  outcome: CheckOutcome,
  isNews: boolean,
  runnerName: string,
  pace: Pace,
  now: Date,
): Run {
  switch (outcome.kind) {
    case 'seen':
    case 'unchanged': {
      const etag = outcome.kind === 'seen' ? outcome.etag : run.etag
      const heard = { ...run, etag, heardAt: now, missingChecks: 0 }
      return overdue(isNews ? heard : quieter(heard, pace, now, null), null, now)
    }
    case 'missing': {
      const missingChecks = run.missingChecks + 1
      if (missingChecks >= MISSING_CHECKS) {
        return conclude(run, DeploymentStatus.ERROR, `${runnerName} does not know the run any more`, now)
      }
      return overdue({ ...run, missingChecks, nextCheckAt: after(now, pace.quiet(0)) }, null, now)
    }
    case 'later':
      return overdue(quieter(run, pace, now, outcome.retryAfterMs), outcome.reason, now)
  }
}

/** Somebody wants it to stop: the runner is asked to, as soon as it is known by its name. */
export function requestCancel(run: Run, now: Date): Run {
  const { errorMessage } = run
  const status = DeploymentStatus.CANCELING
  return {
    ...giveStatus(run, { status, source: TrackingSource.REQUEST, at: now, errorMessage }),
    cancelRequestedAt: now,
    cancelSentAt: null,
    nextCheckAt: run.phase === RunPhase.DISPATCHING ? run.nextCheckAt : now,
  }
}

export function endCancel(run: Run, outcome: CancelOutcome, pace: Pace, now: Date): Run {
  if (outcome.kind !== 'later') {
    const waitMs = outcome.kind === 'ended' ? 0 : Math.min(5_000, pace.quiet(0))
    return { ...run, cancelSentAt: now, quietChecks: 0, etag: null, nextCheckAt: after(now, waitMs) }
  }
  const quietChecks = run.quietChecks + 1
  return { ...run, quietChecks, nextCheckAt: nextTry(run, pace.retry(quietChecks), outcome.retryAfterMs, now) }
}

/** A status that a run gets, and how it is known. */
interface KnownStatus {
  readonly status: DeploymentStatus
  readonly source: TrackingSource
  /** When it got it. */
  readonly at: Date
  readonly errorMessage: string | null
}

/** The run gets a status; with a finished one nothing is left to do about it. */
export function giveStatus(run: Run, { status, source, at, errorMessage }: KnownStatus): Run {
  const next = {
    ...run,
    ...enterStatus(run, status, at),
    source,
    errorMessage: errorMessage && cutText(errorMessage),
    observedAt: at,
  }
  return isFinished(status) ? ended(next) : next
}

/**
 * The run gets what was observed of it. Runners tell whole seconds by clocks of their own: a time before the run's last
 * one, or before its creation, or in the future, is brought to the nearest one that can be.
 */
export function takeObservation(run: Run, observed: Observation, source: TrackingSource, pace: Pace, now: Date): Run {
  const notBefore = isFinished(run.status) ? run.createdAt : (run.observedAt ?? run.createdAt)
  const at = earlier(later(observed.at, notBefore), now)
  const heard: Run = {
    ...run,
    externalUrl: observed.url ?? run.externalUrl,
    heardAt: now,
    nextCheckAt: isCancelDue(run) ? now : after(now, pace.quiet(0)),
    quietChecks: 0,
    missingChecks: 0,
  }
  return giveStatus(heard, { status: observed.status, source, at, errorMessage: observed.message })
}

/** Something was heard that changes nothing: the runner need not be asked for a while. */
export function hearAgain(run: Run, pace: Pace, now: Date): Run {
  return { ...run, heardAt: now, nextCheckAt: isCancelDue(run) ? now : after(now, pace.quiet(run.quietChecks)) }
}

/** Something was heard that only its runner can explain: it is asked at once. */
export function askNow(run: Run, now: Date): Run {
  return run.phase === RunPhase.FOLLOWED ? { ...run, nextCheckAt: now } : run
}

/** Slipway has to say by itself how it ended. Should the runner tell otherwise afterwards, that counts. */
export function conclude(run: Run, status: DeploymentStatus, reason: string | null, now: Date): Run {
  return giveStatus(run, { status, source: TrackingSource.CONCLUSION, at: now, errorMessage: reason })
}

/** A person says how it ended. */
export function resolve(run: Run, status: DeploymentStatus, reason: string, now: Date): Run {
  const errorMessage = status === DeploymentStatus.SUCCESS ? null : reason
  return giveStatus(run, { status, source: TrackingSource.RESOLUTION, at: now, errorMessage })
}

/** Its time is over before it could be started, or found, or heard of. */
export function expire(run: Run, runnerName: string, lastWords: string | null, now: Date): Run {
  const { timeoutMinutes } = run.workflow
  const words = lastWords === null ? '' : `: ${lastWords}`
  const reason =
    run.phase === RunPhase.QUEUED
      ? `${runnerName} could not be had to start it within ${timeoutMinutes} minutes${words}`
      : run.externalId === null && run.phase === RunPhase.FOLLOWED && run.runner !== 'WEBHOOK'
        ? `${runnerName} was asked to start it, but which of its runs that is did not come out in ${timeoutMinutes} minutes`
        : `It had not ended ${timeoutMinutes} minutes after it was started${words}`
  return conclude(run, DeploymentStatus.ERROR, reason, now)
}

/** Nothing is left to do about it. */
export function ended(run: Run): Run {
  return { ...run, phase: RunPhase.ENDED, claimedAt: null, nextCheckAt: null }
}

function overdue(run: Run, lastWords: string | null, now: Date): Run {
  return run.phase !== RunPhase.ENDED && run.deadline <= now ? expire(run, 'The runner', lastWords, now) : run
}

function quieter(run: Run, pace: Pace, now: Date, retryAfterMs: number | null): Run {
  const quietChecks = run.quietChecks + 1
  return { ...run, quietChecks, nextCheckAt: nextTry(run, pace.quiet(quietChecks), retryAfterMs, now) }
}

/**
 * When something is tried again that its pace or its runner puts off. Not after the deadline, at which the run must be
 * looked at whatever was to be waited for.
 */
function nextTry(run: Run, paceMs: number, retryAfterMs: number | null, now: Date): Date {
  return earlier(after(now, Math.max(retryAfterMs ?? 0, paceMs)), later(run.deadline, now))
}

function isCancelDue(run: Run): boolean {
  return run.cancelRequestedAt !== null && run.cancelSentAt === null
}

function after(time: Date, ms: number): Date {
  return new Date(time.getTime() + ms)
}

function earlier(one: Date, other: Date): Date {
  return one < other ? one : other
}

function later(one: Date, other: Date): Date {
  return one > other ? one : other
}
