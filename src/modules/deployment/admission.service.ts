import { SLIPWAY } from '../../core/actor.js'
import { type ErrorReason, SlipwayError } from '../../core/errors.js'
import type { Database } from '../../database/client.js'
import { type Deployment, Prisma, type Project } from '../../database/generated/client.js'
import { DeploymentKind, DeploymentStatus, TrackingSource } from '../../database/generated/enums.js'
import { inTurn, type SqlTransaction, sqlTransaction } from '../../database/transaction.js'
import { type LockedEnvironment, lockEnvironmentByKey, turnOf } from '../environment/environment.lock.js'
import { type EnvironmentFacts, readEnvironmentFacts, readFacts, readWaiting } from '../gate/gate.facts.js'
import { isExclusive, Lane } from '../gate/gates.js'
import { judge, opensAt, unmet } from '../gate/judge.js'
import type { GateRequest, GateVerdict } from '../gate/verdict.js'
import { findProjectByKey } from '../project/project.service.js'
import { type Candidate, findCandidateByKey, versionOf } from '../release/release.service.js'
import { startDeployRun } from '../tracking/run.start.js'
import {
  admit,
  changeStatus,
  DEPLOYMENT_COLUMNS,
  type DeploymentRequest,
  expiredDeployments,
  firstExpiry,
  insertRequested,
  waitingDeployments,
} from './deployment.store.js'
import { wakeWaiting, wakeWaitingAt } from './follow-up.js'

/** What a deployment is asked for, its environment locked at `now`. */
export interface Target {
  readonly project: Project
  readonly environment: LockedEnvironment
  readonly candidate: Candidate
  readonly now: Date
}

/** A deployment that is asked for. */
export type Wish = Omit<DeploymentRequest, 'admittedAt' | 'expiresAt'> & { readonly actor: string }

/** So many deployments are looked at at once, and so many started at most before the environment's lock is let go. */
const CHUNK = 200
const STARTS_AT_ONCE = 100
const HOUR_MS = 3_600_000

/** Refusals whose words are fixed; of the others, the gate's sentence tells more. */
const FIXED_WORDS: ReadonlySet<ErrorReason> = new Set(['CANDIDATE_NOT_READY', 'ENVIRONMENT_FROZEN'])

/**
 * Takes a deployment that is asked for: it starts at once when all gates are open, or waits for them.
 *
 * @throws SlipwayError of the first gate that refuses it
 */
export async function takeDeployment(tx: SqlTransaction, target: Target, wish: Wish): Promise<Deployment> {
  const { project, environment, candidate, now } = target
  // What waits in a queue whose lane is free goes first.
  const isQueued = environment.waitingDeployments > 0 && isExclusive(environment.gates)
  const nextLookAt = isQueued ? await admitWaiting(tx, target) : environment.nextLookAt
  const facts = await readFacts(tx, environment, candidate, now)
  const verdicts = judge(facts, requestOf(wish, false))
  refuse(verdicts)
  const admittedAt = unmet(verdicts).length === 0 ? now : null
  const { expiresAfterHours } = environment.gates
  const expiresAt =
    admittedAt === null && expiresAfterHours != null ? new Date(now.getTime() + expiresAfterHours * HOUR_MS) : null
  const { actor, ...request } = wish
  const deployment = await insertRequested(
    tx,
    environment,
    candidate,
    { ...request, admittedAt, expiresAt },
    { actor, now },
  )
  if (environment.gates.lane === Lane.SUPERSEDE && wish.kind === DeploymentKind.DEPLOYMENT) {
    await supersede(tx, target, deployment)
  }
  if (admittedAt !== null) await startDeployRun(tx, project, environment, candidate, deployment)
  else await lookAgainAt(tx, target, nextLookAt, earliest([nextLookAt, opensAt(verdicts), expiresAt]))
  return deployment
}

/**
 * Judges the gates of all that waits on an environment once more, and starts what may start: oldest first, and what waits
 * at a gate of its own is passed by. What has waited for too long is canceled.
 *
 * @param candidateId the one candidate that something has changed for, where no other one can be concerned
 * @returns when the gates are to be judged next
 */
export async function admitWaiting(
  tx: SqlTransaction,
  place: Omit<Target, 'candidate'>,
  candidateId: string | null = null,
): Promise<Date | null> {
  const { project, environment, now } = place
  await expire(tx, environment, now)
  let facts: EnvironmentFacts = await readEnvironmentFacts(tx, environment, now)
  const looks = [await firstExpiry(tx, environment), candidateId === null ? null : environment.nextLookAt]
  let after = 0
  let starts = 0
  while (!(isExclusive(environment.gates) && facts.occupant !== null)) {
    const chunk = await readWaiting<Deployment>(tx, environment, DEPLOYMENT_COLUMNS, {
      after,
      limit: CHUNK,
      candidateId,
    })
    for (const { deployment, facts: candidateFacts } of chunk) {
      const verdicts = judge({ ...facts, ...candidateFacts }, requestOf(deployment, true))
      if (unmet(verdicts).length > 0) {
        looks.push(opensAt(verdicts))
        continue
      }
      const candidate = await start(tx, project, environment, deployment, now)
      facts = { ...facts, occupant: { number: deployment.number, version: versionOf(candidate) } }
      starts += 1
    }
    const last = chunk.at(-1)
    if (last === undefined || chunk.length < CHUNK) break
    after = last.deployment.number
    if (starts >= STARTS_AT_ONCE) {
      await wakeWaiting(tx, environment.id)
      break
    }
  }
  return lookAgainAt(tx, place, environment.nextLookAt, earliest(looks))
}

/** The same as a job of its own. */
export async function admitWaitingOn(
  { database }: { readonly database: Database },
  environmentId: string,
): Promise<void> {
  await sqlTransaction(inTurn(database, turnOf(environmentId)), async tx => {
    const { environment, now } = await lockEnvironmentByKey(tx, environmentId)
    const project = await findProjectByKey(tx, environment.projectId)
    if (project === null) throw new Error(`The project ${environment.projectId} is referred to but not there`)
    await admitWaiting(tx, { project, environment, now })
  })
}

/** What gates are told of a deployment. */
export function requestOf(
  { kind, actor, isAutomatic, isForced }: Pick<Deployment, 'kind' | 'actor' | 'isAutomatic' | 'isForced'>,
  isTaken: boolean,
): GateRequest {
  return { kind, actor, isAutomatic, isForced, isTaken }
}

function refuse(verdicts: readonly GateVerdict[]): void {
  for (const { refusal, message } of verdicts) {
    if (refusal !== null) throw new SlipwayError(refusal, FIXED_WORDS.has(refusal) ? { details: message } : { message })
  }
}

async function start(
  tx: SqlTransaction,
  project: Project,
  environment: LockedEnvironment,
  waiting: Deployment,
  now: Date,
): Promise<Candidate> {
  const deployment = await admit(tx, environment, waiting, 'All its gates are open', { actor: SLIPWAY.subject, now })
  const candidate = await findCandidateByKey(tx, deployment.candidateId)
  await startDeployRun(tx, project, environment, candidate, deployment)
  return candidate
}

/** What waits, and is older, is not wanted any more. */
async function supersede(
  tx: SqlTransaction,
  { environment, candidate, now }: Target,
  newer: Deployment,
): Promise<void> {
  const reason = `Superseded by ${versionOf(candidate)} (deployment ${newer.number})`
  for (const waiting of await waitingDeployments(tx, environment)) {
    if (waiting.id === newer.id || waiting.kind === DeploymentKind.ROLLBACK) continue
    await cancelWaiting(tx, environment, waiting, reason, now)
  }
}

async function expire(tx: SqlTransaction, environment: LockedEnvironment, now: Date): Promise<void> {
  for (const waiting of await expiredDeployments(tx, environment, now, STARTS_AT_ONCE)) {
    const hours = (now.getTime() - waiting.createdAt.getTime()) / HOUR_MS
    const reason = `It expired: its gates had not opened after ${Math.floor(hours)} hours`
    await cancelWaiting(tx, environment, waiting, reason, now)
  }
}

async function cancelWaiting(
  tx: SqlTransaction,
  environment: LockedEnvironment,
  waiting: Deployment,
  reason: string,
  now: Date,
): Promise<void> {
  const entry = { status: DeploymentStatus.CANCELED, at: now, errorMessage: reason, externalUrl: null }
  const recording = { actor: SLIPWAY.subject, source: TrackingSource.CONCLUSION, now }
  await changeStatus(tx, environment, waiting, entry, recording)
}

/** Has the gates judged again when one of them may have opened by itself. */
async function lookAgainAt(
  tx: SqlTransaction,
  { environment, now }: Pick<Target, 'environment' | 'now'>,
  known: Date | null,
  time: Date | null,
): Promise<Date | null> {
  if (time !== null && time <= now) await wakeWaiting(tx, environment.id)
  if (time?.getTime() === known?.getTime()) return time
  await tx.$queryRaw(Prisma.sql`
    UPDATE environments SET next_look_at = ${time}::timestamptz WHERE id = ${environment.id}::uuid`)
  if (time !== null && time > now) await wakeWaitingAt(tx, environment.id, time)
  return time
}

function earliest(times: readonly (Date | null)[]): Date | null {
  const known = times.filter(time => time !== null)
  return known.length === 0 ? null : new Date(Math.min(...known.map(time => time.getTime())))
}
