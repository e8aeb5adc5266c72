import { createRequire } from 'node:module'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DeploymentStatus, TrackingSource } from '../../src/database/generated/enums.js'
import { readGitHubEvent } from '../../src/modules/delivery/github-event.js'
import { isFinished } from '../../src/modules/deployment/deployment.status.js'
import { observeBuildkiteBuild } from '../../src/modules/runner/buildkite-build.rules.js'
import { observeGitHubRun } from '../../src/modules/runner/github-run.rules.js'
import type { Observation } from '../../src/modules/runner/observation.js'
import { retryAfterMs } from '../../src/modules/runner/retry-after.rules.js'
import { tokensIn } from '../../src/modules/runner/run-token.rules.js'
import { judgeObservation } from '../../src/modules/tracking/observation.rules.js'
import { createPace } from '../../src/modules/tracking/pace.js'
import type { Run } from '../../src/modules/tracking/run.js'
import {
  beginDispatch,
  endCancel,
  endCheck,
  endDispatch,
  ended,
  endFind,
  expire,
  nextStep,
  requestCancel,
  resolve,
  restUntil,
  takeObservation,
} from '../../src/modules/tracking/run.rules.js'
import { newRun } from '../../src/modules/tracking/run.start.js'
import type { GitHubActionsWorkflow } from '../../src/modules/workflow/workflow.js'

const NOW = new Date('2026-11-23T12:00:00Z')
const WORKFLOW: GitHubActionsWorkflow = {
  runner: 'GITHUB_ACTIONS',
  workflow: 'deploy.yml',
  ref: null,
  repository: 'acme/shop',
  parameters: [],
  timeoutMinutes: 60,
}
const pace = { quiet: () => 30_000, retry: () => 1_000 }
const run: Run = {
  ...newRun(WORKFLOW, NOW),
  id: 'run',
  deploymentId: 'deployment',
  candidateId: null,
  placeholders: {},
}
const later = (ms: number) => new Date(NOW.getTime() + ms)
const seen = (status: DeploymentStatus, more: Partial<Observation> = {}): Observation => ({
  attempt: 1,
  status,
  at: NOW,
  message: null,
  url: null,
  ...more,
})
const take = (known: Run, observed: Observation): Run =>
  judgeObservation(known, observed) === 'take' ? takeObservation(known, observed, 'EVENT', pace, later(1_000)) : known

const { PENDING, IN_PROGRESS, CANCELING, SUCCESS, FAILURE, CANCELED, ERROR } = DeploymentStatus
const END = fc.constantFrom(SUCCESS, FAILURE, CANCELED, ERROR)

describe('what is said of a run', () => {
  test('leads to its true end, whatever is lost, doubled and overtaken, as long as the end is told', () => {
    const deliveries = END.chain(end =>
      fc
        .record({
          before: fc.array(fc.constantFrom(PENDING, IN_PROGRESS, end), { maxLength: 8 }),
          after: fc.array(fc.constantFrom(PENDING, IN_PROGRESS, end), { maxLength: 8 }),
        })
        .map(({ before, after }) => ({ end, order: [...before, end, ...after] })),
    )
    fc.assert(
      fc.property(deliveries, ({ end, order }) => {
        const last = order.reduce((known, status) => take(known, seen(status)), run)
        expect(last).toMatchObject({ status: end, phase: 'ENDED', nextCheckAt: null })
      }),
    )
  })

  test.each([
    ['of an older attempt', { attempt: 2 }, seen(SUCCESS), 'ignore'],
    ['of a newer attempt of a run that has ended', { status: FAILURE }, seen(PENDING, { attempt: 2 }), 'rerun'],
    ['of a newer attempt of a run whose end is not known', {}, seen(PENDING, { attempt: 2 }), 'ask'],
    ['that it runs while it is to stop', { status: CANCELING }, seen(IN_PROGRESS), 'ignore'],
    ['that it succeeded while it was to stop', { status: CANCELING }, seen(SUCCESS), 'take'],
    ['of how it ended after Slipway had given it up', { status: ERROR, source: 'CONCLUSION' }, seen(SUCCESS), 'take'],
    [
      'that it runs after Slipway had given it up',
      { status: ERROR, source: 'CONCLUSION' },
      seen(IN_PROGRESS),
      'ignore',
    ],
    ['after a pipeline has said how it ended', { status: SUCCESS, source: 'REPORT' }, seen(FAILURE), 'ignore'],
    ['after a person has said how it ended', { status: FAILURE, source: 'RESOLUTION' }, seen(SUCCESS), 'ignore'],
    [
      'of a later end, as after the retry of a job',
      { status: FAILURE, source: 'EVENT', observedAt: NOW },
      seen(SUCCESS, { at: later(1) }),
      'take',
    ],
    ['of another end at the same time', { status: FAILURE, source: 'EVENT', observedAt: NOW }, seen(SUCCESS), 'ignore'],
  ] as const)('%s', (_what, known, observed, verdict) => {
    expect(judgeObservation({ ...run, ...known }, observed)).toBe(verdict)
  })

  test('counts from the nearest time that can be', () => {
    const at = (observed: Date, known = run) =>
      takeObservation(known, seen(IN_PROGRESS, { at: observed }), 'EVENT', pace, later(5_000)).observedAt
    expect(at(later(-1_000))).toEqual(NOW)
    expect(at(later(60_000))).toEqual(later(5_000))
    expect(at(later(1_000), { ...run, observedAt: later(2_000) })).toEqual(later(2_000))
  })
})

describe('the next step', () => {
  const dispatching = beginDispatch(run, NOW)
  const followed: Run = { ...run, phase: 'FOLLOWED', externalId: '7', nextCheckAt: later(30_000) }
  const canceling = { ...followed, status: CANCELING, cancelRequestedAt: NOW, nextCheckAt: NOW }
  test.each<[string, Run, boolean, Date, string]>([
    ['of a new run is its dispatch', run, true, NOW, 'dispatch'],
    ['of one that waits for its next try is none', { ...run, nextCheckAt: later(1) }, true, NOW, 'rest'],
    ['of one that could not be started in time is its end', run, true, later(3_600_000), 'expire'],
    ['of one whose dispatch is under way is none', dispatching, true, later(19_999), 'rest'],
    ['of one whose dispatch was unclear is to look for it', dispatching, true, later(20_000), 'find'],
    ['of one that is followed is none until its check', followed, true, later(29_999), 'rest'],
    ['of one that is silent is a check', followed, true, later(30_000), 'check'],
    ['of one without a name is to look for it', { ...followed, externalId: null }, true, later(30_000), 'find'],
    ['of one that is to stop is to say so', canceling, true, NOW, 'cancel'],
    [
      'of one that was told to stop is none',
      { ...canceling, cancelSentAt: NOW, nextCheckAt: later(1) },
      true,
      NOW,
      'rest',
    ],
    ['of one that reports by itself is none', followed, false, later(60_000), 'rest'],
    ['of one that did not report in time is its end', followed, false, later(3_600_000), 'expire'],
    [
      'of one whose time is over is a last check',
      { ...followed, nextCheckAt: later(9e6) },
      true,
      later(3_600_000),
      'check',
    ],
    ['of one that a pipeline has ended is to close it', { ...followed, status: SUCCESS }, true, NOW, 'close'],
    ['of one that has ended is none', ended({ ...followed, status: SUCCESS }), true, NOW, 'rest'],
  ])('%s', (_what, known, canBeAsked, now, step) => expect(nextStep(known, canBeAsked, now)).toBe(step))

  test('of one that reports by itself is looked for at its deadline, and not before', () => {
    expect(restUntil({ ...followed, nextCheckAt: later(-1) }, NOW)).toEqual(run.deadline)
  })
})

describe('whatever comes of its steps', () => {
  type Act = (known: Run, now: Date) => Run
  const LATER = { kind: 'later', reason: 'busy', retryAfterMs: 5_000, isRateLimit: false } as const
  const acts: Record<string, Act> = {
    begin: (known, now) => (known.phase === 'QUEUED' ? beginDispatch(known, now) : known),
    accepted: (known, now) =>
      known.phase === 'DISPATCHING'
        ? endDispatch(known, { kind: 'accepted', externalId: '7', url: null }, pace, now)
        : known,
    unclear: (known, now) =>
      known.phase === 'DISPATCHING' ? endDispatch(known, { kind: 'unclear', reason: 'lost' }, pace, now) : known,
    refused: (known, now) =>
      known.phase === 'DISPATCHING' ? endDispatch(known, { kind: 'refused', reason: 'no' }, pace, now) : known,
    busy: (known, now) => (known.phase === 'DISPATCHING' ? endDispatch(known, LATER, pace, now) : known),
    absent: (known, now) => (known.phase === 'DISPATCHING' ? endFind(known, { kind: 'absent' }, pace, now) : known),
    ambiguous: (known, now) =>
      known.phase === 'DISPATCHING' ? endFind(known, { kind: 'ambiguous' }, pace, now) : known,
    unchanged: (known, now) =>
      known.phase === 'FOLLOWED' ? endCheck(known, { kind: 'unchanged' }, false, 'GitHub', pace, now) : known,
    missing: (known, now) =>
      known.phase === 'FOLLOWED' ? endCheck(known, { kind: 'missing' }, false, 'GitHub', pace, now) : known,
    cancel: (known, now) =>
      known.phase === 'ENDED' || known.phase === 'QUEUED' || isFinished(known.status)
        ? known
        : requestCancel(known, now),
    stopped: (known, now) =>
      known.cancelRequestedAt && known.phase === 'FOLLOWED' ? endCancel(known, { kind: 'accepted' }, pace, now) : known,
    runs: known => (known.phase === 'FOLLOWED' ? take(known, seen(IN_PROGRESS)) : known),
    succeeds: known => (known.phase === 'FOLLOWED' ? take(known, seen(SUCCESS)) : known),
    resolve: (known, now) => resolve(known, FAILURE, 'it burns', now),
    expire: (known, now) => (known.phase === 'ENDED' ? known : expire(known, 'GitHub', null, now)),
  }

  test('a run keeps what the database demands of it', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...Object.keys(acts)), { maxLength: 20 }), names => {
        let known = run
        names.forEach((name, index) => {
          known = acts[name]?.(known, later(index * 60_000)) ?? known
          expect(known.nextCheckAt === null).toBe(known.phase === 'ENDED')
          expect(known.claimedAt !== null).toBe(known.phase === 'DISPATCHING')
          expect(known.finishedAt !== null).toBe(isFinished(known.status))
          if (known.phase === 'ENDED') expect(isFinished(known.status)).toBe(true)
          if (known.cancelSentAt !== null) expect(known.cancelRequestedAt).not.toBeNull()
        })
      }),
      { numRuns: 500 },
    )
  })

  test('a cancel during a dispatch that then fails is not overruled by another dispatch', () => {
    const canceled = requestCancel(beginDispatch(run, NOW), NOW)
    for (const next of [endDispatch(canceled, LATER, pace, NOW), endFind(canceled, { kind: 'absent' }, pace, NOW)]) {
      expect(next).toMatchObject({ phase: 'ENDED', status: CANCELED, source: TrackingSource.CONCLUSION })
    }
  })

  test('the real end of a run that was given up does not lie before its start', () => {
    const givenUp = expire({ ...run, phase: 'FOLLOWED', externalId: '7' }, 'GitHub', null, later(600_000))
    const next = takeObservation(givenUp, seen(SUCCESS, { at: later(300_000) }), 'EVENT', pace, later(660_000))
    expect(next).toMatchObject({ startedAt: later(300_000), finishedAt: later(300_000) })
  })

  test('a wait of a day ends with the time of the run', () => {
    const day = { kind: 'later', reason: 'busy', retryAfterMs: 86_400_000, isRateLimit: false } as const
    const followed: Run = { ...run, phase: 'FOLLOWED', externalId: '7' }
    for (const next of [
      endDispatch(beginDispatch(run, NOW), day, pace, NOW),
      endFind(beginDispatch(run, NOW), day, pace, NOW),
      endCancel(requestCancel(followed, NOW), day, pace, NOW),
      endCheck(followed, day, false, 'GitHub', pace, NOW),
    ]) {
      expect(next.nextCheckAt).toEqual(run.deadline)
    }
  })

  test('a runner that does not know a run is asked three times before it counts as lost', () => {
    let known: Run = { ...run, phase: 'FOLLOWED', externalId: '7' }
    const statuses = [1, 2, 3].map(() => {
      known = endCheck(known, { kind: 'missing' }, false, 'GitHub', pace, NOW)
      return known.status
    })
    expect(statuses).toEqual([PENDING, PENDING, ERROR])
    expect(known.errorMessage).toBe('GitHub does not know the run any more')
  })
})

describe('a run on GitHub', () => {
  const state = { status: 'completed', conclusion: 'success', updated_at: NOW.toISOString(), html_url: 'https://x' }
  test.each([
    ['queued', null, PENDING],
    ['waiting', null, PENDING],
    ['in_progress', null, IN_PROGRESS],
    ['completed', 'success', SUCCESS],
    ['completed', 'neutral', SUCCESS],
    ['completed', 'failure', FAILURE],
    ['completed', 'timed_out', FAILURE],
    ['completed', 'cancelled', CANCELED],
    ['completed', 'startup_failure', ERROR],
    ['completed', 'skipped', ERROR],
    ['completed', 'stale', ERROR],
    ['completed', 'action_required', PENDING],
  ])('%s, %s is %s', (status, conclusion, expected) => {
    expect(observeGitHubRun({ ...state, status, conclusion })?.status).toBe(expected)
  })

  test.each([null, 'dreaming', 'constructor'])('that is completed with the conclusion %s says nothing', conclusion => {
    expect(observeGitHubRun({ ...state, conclusion })).toBeNull()
  })

  test('is read from every published event of it', () => {
    const published = createRequire(import.meta.url)('@octokit/webhooks-examples') as {
      name: string
      examples: unknown[]
    }[]
    const examples = published.find(({ name }) => name === 'workflow_run')?.examples ?? []
    expect(examples.map(example => readGitHubEvent(example)?.observation?.status)).toEqual([
      PENDING,
      SUCCESS,
      SUCCESS,
      PENDING,
      PENDING,
    ])
    for (const garbage of [null, 1, {}, [], { workflow_run: {} }]) expect(readGitHubEvent(garbage)).toBeNull()
  })

  test('is named by the IDs in its title', () => {
    const id = 'deployment_01m85fgczyet9tvabwpfkyq8n1'
    expect(tokensIn(`Deploy ${id} (v1)`)).toEqual([id])
    expect(tokensIn('Deploy deployment_1')).toEqual([])
    expect(tokensIn(undefined)).toEqual([])
  })
})

describe('a build on Buildkite', () => {
  const state = { web_url: 'https://x', created_at: NOW.toISOString() }
  test.each([
    ['scheduled', false, PENDING],
    ['running', false, IN_PROGRESS],
    ['failing', false, IN_PROGRESS],
    ['passed', false, SUCCESS],
    ['passed', true, IN_PROGRESS],
    ['failed', false, FAILURE],
    ['canceling', false, CANCELING],
    ['canceled', true, CANCELED],
    ['not_run', false, ERROR],
  ])('%s, blocked: %s, is %s', (name, blocked, expected) => {
    expect(observeBuildkiteBuild({ ...state, state: name, blocked })?.status).toBe(expected)
  })
  test.each(['dreaming', 'constructor'])('of the state %s, which nobody knows, says nothing', name => {
    expect(observeBuildkiteBuild({ ...state, state: name })).toBeNull()
  })
})

test.each([
  ['7', 7_000],
  [' 0 ', 0],
  ['999999999', 86_400_000],
  ['Mon, 23 Nov 2026 12:00:30 GMT', 30_000],
  ['Mon, 23 Nov 2026 11:00:00 GMT', 0],
  ['soon', null],
  ['-1', null],
  [undefined, null],
])('Retry-After: %s is %s ms', (header, ms) => expect(retryAfterMs(header, NOW)).toBe(ms))

test('a runner that has nothing to tell is asked less and less often, but never less than every six minutes', () => {
  const quiet = createPace(30_000).quiet
  for (const [checks, lowest, highest] of [
    [0, 24_000, 36_000],
    [1, 36_000, 54_000],
    [50, 240_000, 360_000],
  ] as const) {
    for (let count = 0; count < 50; count++) {
      expect(quiet(checks)).toBeGreaterThanOrEqual(lowest)
      expect(quiet(checks)).toBeLessThanOrEqual(highest)
    }
  }
})
