import type { Logger } from 'pino'
import { v7 as uuid } from 'uuid'
import type { Database } from '../../database/client.js'
import { Prisma } from '../../database/generated/client.js'
import { RunPhase, TrackingSource } from '../../database/generated/enums.js'
import { type SqlTransaction, sqlTransaction } from '../../database/transaction.js'
import { wakeDeliveriesOf } from '../delivery/delivery.store.js'
import { isFinished } from '../deployment/deployment.status.js'
import { concludeReplaced, observe } from './observe.service.js'
import { type OpenRun, openRun, saveRun } from './open-run.js'
import { block, blockedUntil } from './rate-limit.store.js'
import type { Run } from './run.js'
import {
  beginDispatch,
  endCancel,
  endCheck,
  endDispatch,
  ended,
  endFind,
  expire,
  nextStep,
  type Pace,
  restUntil,
  type Step,
} from './run.rules.js'
import { findRun, haveUnnamed, takenExternalIds } from './run.store.js'
import type { CancelOutcome, CheckOutcome, DispatchOutcome, FindOutcome, Runner, Runners, RunOrder } from './runner.js'

/** What following runs takes. */
export interface TrackingContext {
  readonly database: Database
  readonly runners: Runners
  readonly pace: Pace
  readonly log: Logger
}

/** Who tells what Slipway concludes by itself, in the histories. */
const SLIPWAY = 'slipway'

type Outcome = DispatchOutcome | FindOutcome | CheckOutcome | CancelOutcome

/**
 * Does what is next about a run: has it dispatched, looked for, asked about or stopped. What is next is decided under the
 * lock, the runner is called without it, and what came of that is stored under the lock again. A crash between leaves a
 * run whose next step is known: this is called again, and what may have been done is looked up before it is done again.
 */
export async function advanceRun(ctx: TrackingContext, runId: string, signal: AbortSignal): Promise<void> {
  const plan = await sqlTransaction(ctx.database, tx => planStep(ctx, tx, runId))
  if (plan !== null) await takeStep(ctx, plan, signal)
}

/** Asks a run's runner how it is, now; whatever was to be next. */
export async function checkRun(ctx: TrackingContext, run: Run, signal: AbortSignal): Promise<CheckOutcome> {
  const order = orderOf(run)
  const outcome = await ctx.runners[run.runner].check(order, signal)
  await record(ctx, { run, step: 'check', order, begunAt: new Date() }, outcome)
  return outcome
}

interface Plan {
  readonly run: Run
  readonly step: Exclude<Step, 'rest' | 'expire' | 'close'>
  readonly order: RunOrder
  readonly begunAt: Date
}

/** Decides what is next; what needs nothing from outside is done at once. */
async function planStep(ctx: TrackingContext, tx: SqlTransaction, runId: string): Promise<Plan | null> {
  const known = await findRun(tx, runId)
  if (known === null) return null
  const runner = ctx.runners[known.runner]
  const open = await openRun(tx, known)
  const { run, now } = open
  const step = nextStep(run, runner.canBeAsked, now)
  switch (step) {
    case 'rest':
      if (run.phase !== RunPhase.ENDED) await saveRun(tx, open, { ...run, nextCheckAt: restUntil(run, now) }, SLIPWAY)
      return null
    case 'close':
      await saveRun(tx, open, ended(run), SLIPWAY)
      return null
    case 'expire':
      await saveRun(tx, open, expire(run, runner.name, await lastWords(tx, run), now), SLIPWAY)
      return null
  }
  const blocked = await blockedUntil(tx, runner.credentialOf(run.workflow), now)
  if (blocked !== null) {
    const waitMs = blocked.getTime() - now.getTime()
    const nextCheckAt = new Date(now.getTime() + waitMs * (1 + Math.random() / 10))
    await saveRun(
      tx,
      open,
      { ...run, nextCheckAt: run.deadline < nextCheckAt ? laterOf(run.deadline, now) : nextCheckAt },
      SLIPWAY,
    )
    return null
  }
  const begun = step === 'dispatch' ? beginDispatch(run, now) : run
  if (begun !== run) await saveRun(tx, open, begun, SLIPWAY)
  return { run: begun, step, order: orderOf(begun), begunAt: now }
}

async function takeStep(ctx: TrackingContext, plan: Plan, signal: AbortSignal): Promise<void> {
  const runner = ctx.runners[plan.run.runner]
  await record(ctx, plan, await callRunner(ctx, runner, plan, signal))
}

function callRunner(
  { database }: TrackingContext,
  runner: Runner,
  { run, step, order }: Plan,
  signal: AbortSignal,
): Promise<Outcome> {
  switch (step) {
    case 'dispatch':
      return runner.dispatch(order, signal)
    case 'find':
      return runner.find(
        order,
        { taken: ids => takenExternalIds(database, run, ids), haveUnnamed: () => haveUnnamed(database, run) },
        signal,
      )
    case 'cancel':
      return runner.cancel(order, signal)
    case 'check':
      return runner.check(order, signal)
  }
}

/** Stores what came of a step. */
async function record(ctx: TrackingContext, plan: Plan, outcome: Outcome): Promise<void> {
  const { step } = plan
  const runner = ctx.runners[plan.run.runner]
  const named = await sqlTransaction(ctx.database, async tx => {
    const open = await openRun(tx, plan.run)
    const { run, now } = open
    if (outcome.kind === 'later' && outcome.isRateLimit) {
      const until = new Date(now.getTime() + (outcome.retryAfterMs ?? 0))
      await block(tx, runner.credentialOf(run.workflow), until)
      ctx.log.warn({ runner: runner.name, until }, 'A rate limit is reached')
    }
    if (step === 'dispatch' || step === 'cancel')
      await insertAttempt(tx, plan, outcome as DispatchOutcome | CancelOutcome)
    if (step === 'check') {
      await recordCheck(ctx, tx, open, outcome as CheckOutcome)
      return null
    }
    // What a pipeline or a person has said meanwhile stands, whatever came of the step.
    if (run.phase !== RunPhase.ENDED && isFinished(run.status)) {
      await saveRun(tx, open, ended(run), SLIPWAY)
      return adopt(tx, { ...open, run: ended(run) }, outcome)
    }
    if (step === 'cancel') {
      await saveRun(tx, open, endCancel(run, outcome as CancelOutcome, ctx.pace, now), SLIPWAY)
      return null
    }
    // Somebody else has found out meanwhile.
    if (run.phase === RunPhase.ENDED || run.claimedAt?.getTime() !== plan.run.claimedAt?.getTime()) {
      return adopt(tx, open, outcome)
    }
    const next =
      step === 'dispatch'
        ? endDispatch(run, outcome as DispatchOutcome, ctx.pace, now)
        : endFind(run, outcome as FindOutcome, ctx.pace, now)
    await saveRun(tx, open, next, SLIPWAY)
    return next.externalId === null ? null : next
  })
  // Events may have come before the run had a name. Looked for only now that it is kept: whichever of the two is stored
  // last finds the other.
  if (named !== null) await sqlTransaction(ctx.database, tx => wakeDeliveriesOf(tx, named))
}

/** A name that was learned too late for the decision it was asked for still tells which run it is. */
async function adopt(tx: SqlTransaction, open: OpenRun, outcome: Outcome): Promise<Run | null> {
  if (!('externalId' in outcome) || outcome.externalId === null || open.run.externalId !== null) return null
  const next = { ...open.run, externalId: outcome.externalId, externalUrl: outcome.url ?? open.run.externalUrl }
  await saveRun(tx, open, next, SLIPWAY)
  return next
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
    let verdict = await observe(tx, current, observed, telling)
    if (verdict === 'ask') {
      await saveRun(tx, current, concludeReplaced(current.run, observed.attempt, current.now), SLIPWAY)
      current = await openRun(tx, current.run)
      verdict = await observe(tx, current, observed, telling)
    }
    isNews ||= verdict !== 'ignore'
    current = await openRun(tx, current.run)
  }
  if (current.run.phase === RunPhase.ENDED) return
  const { run, now } = current
  const next = isFinished(run.status) ? ended(run) : endCheck(run, outcome, isNews, runner.name, ctx.pace, now)
  await saveRun(tx, current, next, SLIPWAY)
}

function orderOf(run: Run): RunOrder {
  const { workflow, placeholders, externalId, attempt, etag } = run
  const purpose = run.deploymentId === null ? 'build' : 'deploy'
  const token = placeholders[purpose === 'build' ? 'candidate.id' : 'deployment.id'] ?? ''
  const askedAt = run.claimedAt ?? run.createdAt
  return { runId: run.id, purpose, workflow, placeholders, token, askedAt, externalId, attempt, etag }
}

async function insertAttempt(
  tx: SqlTransaction,
  { run, step, begunAt }: Plan,
  outcome: DispatchOutcome | CancelOutcome,
): Promise<void> {
  const message = 'reason' in outcome ? outcome.reason : null
  const kind = outcome.kind === 'ended' ? 'refused' : outcome.kind
  await tx.$queryRaw(Prisma.sql`
    INSERT INTO dispatch_attempts (id, run_id, at, request, outcome, message)
    VALUES (${uuid()}::uuid, ${run.id}::uuid, ${begunAt}, ${step}, ${kind}, ${message})`)
}

/** Why it could not be done the last time. */
async function lastWords(tx: SqlTransaction, run: Run): Promise<string | null> {
  const [row] = await tx.$queryRaw<{ message: string | null }[]>(Prisma.sql`
    SELECT message FROM dispatch_attempts WHERE run_id = ${run.id}::uuid ORDER BY id DESC LIMIT 1`)
  return row?.message ?? null
}

function laterOf(one: Date, other: Date): Date {
  return one > other ? one : other
}
