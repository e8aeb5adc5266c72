import type { Logger } from 'pino'
import { SLIPWAY } from '../../core/actor.js'
import { storable } from '../../core/storable-text.js'
import type { Database } from '../../database/client.js'
import { DeploymentStatus, RunPhase, TrackingSource } from '../../database/generated/enums.js'
import { inTurn, type SqlTransaction, sqlTransaction } from '../../database/transaction.js'
import { wakeDeliveriesOf } from '../delivery/delivery.store.js'
import { isFinished } from '../deployment/deployment.status.js'
import type { CancelOutcome, CheckOutcome, DispatchOutcome, FindOutcome, Runners, RunOrder } from '../runner/runner.js'
import { insertAttempt, lastWords } from './attempt.store.js'
import { observe } from './observe.service.js'
import { type OpenRun, openRun, saveRun, turnOfRun } from './open-run.js'
import { block, blockedUntil } from './rate-limit.store.js'
import type { Run } from './run.js'
import {
  beginDispatch,
  conclude,
  endCancel,
  endCheck,
  endDispatch,
  ended,
  endFind,
  expire,
  follow,
  nextStep,
  type Pace,
  restUntil,
  type Step,
} from './run.rules.js'
import { findRun, haveUnnamed, takenExternalIds } from './run.store.js'

/** What following runs takes. */
export interface TrackingContext {
  readonly database: Database
  readonly runners: Runners
  readonly pace: Pace
  readonly log: Logger
}

/**
 * Does what is next about a run: has it dispatched, looked for, asked about or stopped. What is next is decided under the
 * lock, the runner is called without it, and what came of that is stored under the lock again. A crash between leaves a
 * run whose next step is known: this is called again, and what may have been done is looked up before it is done again.
 */
export async function advanceRun(ctx: TrackingContext, runId: string, signal: AbortSignal): Promise<void> {
  const known = await findRun(ctx.database, runId)
  if (known === null) return
  const plan = await sqlTransaction(inTurn(ctx.database, turnOfRun(known)), tx => planStep(ctx, tx, known))
  if (plan !== null) await takeStep(ctx, plan, signal)
}

/** Asks a run's runner how it is, now; whatever was to be next. */
export async function checkRun(ctx: TrackingContext, run: Run, signal: AbortSignal): Promise<CheckOutcome> {
  const outcome = storable(await ctx.runners[run.runner].check(orderOf(run), signal))
  await record(ctx, run, outcome, (tx, open) => recordCheck(ctx, tx, open, outcome))
  return outcome
}

/** A step that is to be taken outside, and the run as it was when that was decided. */
interface Plan {
  readonly run: Run
  readonly step: Exclude<Step, 'rest' | 'expire' | 'close'>
  readonly begunAt: Date
}

/** Decides what is next; what needs nothing from outside is done at once. */
async function planStep(ctx: TrackingContext, tx: SqlTransaction, known: Run): Promise<Plan | null> {
  const runner = ctx.runners[known.runner]
  const open = await openRun(tx, known)
  const { run, now } = open
  const step = nextStep(run, runner.canBeAsked, now)
  switch (step) {
    case 'rest':
      if (run.phase !== RunPhase.ENDED)
        await saveRun(tx, open, { ...run, nextCheckAt: restUntil(run, now) }, SLIPWAY.subject)
      return null
    case 'close':
      await saveRun(tx, open, ended(run), SLIPWAY.subject)
      return null
    case 'expire':
      await saveRun(tx, open, expire(run, runner.name, await lastWords(tx, run), now), SLIPWAY.subject)
      return null
  }
  const blocked = await blockedUntil(tx, runner.credentialOf(run.workflow), now)
  if (blocked !== null) {
    await saveRun(tx, open, waitForRate(run, blocked, now), SLIPWAY.subject)
    return null
  }
  const begun = step === 'dispatch' ? beginDispatch(run, now) : run
  if (begun !== run) await saveRun(tx, open, begun, SLIPWAY.subject)
  return { run: begun, step, begunAt: now }
}

async function takeStep(ctx: TrackingContext, plan: Plan, signal: AbortSignal): Promise<void> {
  const { run, begunAt } = plan
  const runner = ctx.runners[run.runner]
  const order = orderOf(run)
  switch (plan.step) {
    case 'dispatch': {
      const outcome = storable(await runner.dispatch(order, signal))
      return record(ctx, run, outcome, async (tx, open) => {
        await insertAttempt(tx, run, 'dispatch', begunAt, outcome)
        return recordStart(ctx, tx, open, run, outcome, () => endDispatch(open.run, outcome, ctx.pace, open.now))
      })
    }
    case 'find': {
      const others = {
        taken: (names: readonly string[]) => takenExternalIds(ctx.database, run, names),
        haveUnnamed: () => haveUnnamed(ctx.database, run),
      }
      const outcome = storable(await runner.find(order, others, signal))
      return record(ctx, run, outcome, (tx, open) =>
        recordStart(ctx, tx, open, run, outcome, () => endFind(open.run, outcome, ctx.pace, open.now)),
      )
    }
    case 'cancel': {
      const outcome = storable(await runner.cancel(order, signal))
      return record(ctx, run, outcome, async (tx, open) => {
        await insertAttempt(tx, run, 'cancel', begunAt, outcome)
        const next = isFinished(open.run.status) ? ended(open.run) : endCancel(open.run, outcome, ctx.pace, open.now)
        await saveRun(tx, open, next, SLIPWAY.subject)
      })
    }
    case 'check':
      await checkRun(ctx, run, signal)
  }
}

/** Stores what came of a step, under the lock. */
async function record(
  ctx: TrackingContext,
  planned: Run,
  outcome: DispatchOutcome | FindOutcome | CheckOutcome | CancelOutcome,
  work: (tx: SqlTransaction, open: OpenRun) => Promise<void>,
): Promise<void> {
  if (outcome.kind === 'later' && outcome.isRateLimit) {
    const { name } = ctx.runners[planned.runner]
    ctx.log.warn({ runner: name, retryAfterMs: outcome.retryAfterMs }, 'A rate limit is reached')
  }
  const named = await sqlTransaction(inTurn(ctx.database, turnOfRun(planned)), async tx => {
    const open = await openRun(tx, planned)
    if (outcome.kind === 'later' && outcome.isRateLimit) {
      const { credentialOf } = ctx.runners[planned.runner]
      const until = new Date(open.now.getTime() + (outcome.retryAfterMs ?? 0))
      await block(tx, credentialOf(planned.workflow), until)
    }
    await work(tx, open)
    return planned.externalId === null ? findRun(tx, planned.id) : null
  })
  // Events may have come before the run had a name. Looked for only now that it is kept: whichever of the two is stored
  // last finds the other.
  if (named?.externalId != null) await sqlTransaction(ctx.database, tx => wakeDeliveriesOf(tx, named))
}

/** Stores what is known of a run's start. */
async function recordStart(
  ctx: TrackingContext,
  tx: SqlTransaction,
  open: OpenRun,
  planned: Run,
  outcome: DispatchOutcome | FindOutcome,
  end: () => Run,
): Promise<void> {
  const { run, now } = open
  const isSame = run.claimedAt?.getTime() === planned.claimedAt?.getTime() && run.externalId === planned.externalId
  const isStillOurs = !isFinished(run.status) && isSame
  if (isStillOurs) {
    await saveRun(tx, open, end(), SLIPWAY.subject)
    return
  }
  // What was found out or said meanwhile stands; but its name still tells which run it is.
  const name = 'externalId' in outcome && run.externalId === null ? outcome.externalId : null
  const named = name === null ? run : follow(run, name, 'url' in outcome ? outcome.url : null, ctx.pace, now)
  if (isFinished(run.status)) await saveRun(tx, open, ended(named), SLIPWAY.subject)
  else if (named !== run) await saveRun(tx, open, named, SLIPWAY.subject)
}

async function recordCheck(
  ctx: TrackingContext,
  tx: SqlTransaction,
  open: OpenRun,
  outcome: CheckOutcome,
): Promise<void> {
  const runner = ctx.runners[open.run.runner]
  const telling = { actor: runner.name, source: TrackingSource.CHECK, pace: ctx.pace }
  let current = open
  let isNews = false
  for (const observed of outcome.kind === 'seen' ? outcome.observations : []) {
    const verdict = await observe(tx, current, observed, telling)
    if (verdict === 'ignore') continue
    isNews = true
    if (verdict === 'ask') {
      // The runner was asked, and does not tell any more how the attempt before this one ended.
      const reason = `It was run again (attempt ${observed.attempt}) before its end was told`
      await saveRun(tx, current, conclude(current.run, DeploymentStatus.ERROR, reason, current.now), SLIPWAY.subject)
      await observe(tx, await openRun(tx, current.run), observed, telling)
    }
    current = await openRun(tx, current.run)
  }
  if (current.run.phase === RunPhase.ENDED) return
  const { run, now } = current
  const next = isFinished(run.status) ? ended(run) : endCheck(run, outcome, isNews, runner.name, ctx.pace, now)
  await saveRun(tx, current, next, SLIPWAY.subject)
}

function orderOf(run: Run): RunOrder {
  const { workflow, placeholders, externalId, attempt, etag } = run
  const purpose = run.deploymentId === null ? 'build' : 'deploy'
  const token = placeholders[purpose === 'build' ? 'candidate.id' : 'deployment.id'] ?? ''
  const askedAt = run.claimedAt ?? run.createdAt
  return { runId: run.id, purpose, workflow, placeholders, token, askedAt, externalId, attempt, etag }
}

function waitForRate(run: Run, blocked: Date, now: Date): Run {
  // Not all at once when the rate is there again.
  const waitMs = (blocked.getTime() - now.getTime()) * (1 + Math.random() / 10)
  const end = run.deadline > now ? run.deadline.getTime() : Number.POSITIVE_INFINITY
  return { ...run, nextCheckAt: new Date(Math.min(now.getTime() + waitMs, end)) }
}
