import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createBuildkiteRunner } from '../../src/modules/runner/buildkite.runner.js'
import type { RunOrder } from '../../src/modules/runner/runner.js'
import type { BuildkiteWorkflow } from '../../src/modules/workflow/workflow.js'

const ORDER: RunOrder<BuildkiteWorkflow> = {
  runId: '0199b0c4-0000-7000-8000-000000000000',
  purpose: 'deploy',
  workflow: {
    runner: 'BUILDKITE',
    organization: 'acme',
    pipeline: 'deploy',
    branch: null,
    parameters: [],
    timeoutMinutes: 60,
  },
  placeholders: {},
  token: 'deployment',
  askedAt: new Date(),
  externalId: null,
  attempt: 1,
  etag: null,
}

/** The requests that wait for an answer. */
const asked: { readonly url: string; answer(response: Response): void }[] = []

beforeEach(() => {
  asked.length = 0
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  vi.spyOn(globalThis, 'fetch').mockImplementation(
    (url, init) =>
      new Promise((answer, fail) => {
        asked.push({ url: String(url), answer })
        init?.signal?.addEventListener('abort', () => fail(init.signal?.reason))
      }),
  )
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

test('a dispatch has one deadline for all of its requests, so that it is over before it is looked up', async () => {
  const runner = createBuildkiteRunner({ apiUrl: 'https://buildkite.test', token: 'secret' })
  const outcome = vi.fn()
  const dispatch = runner.dispatch(ORDER, new AbortController().signal).then(outcome)
  await vi.advanceTimersByTimeAsync(9_000)
  asked[0]?.answer(Response.json({ default_branch: 'main' }))
  await vi.advanceTimersByTimeAsync(999)
  expect(asked.map(({ url }) => new URL(url).pathname)).toEqual([
    '/v2/organizations/acme/pipelines/deploy',
    '/v2/organizations/acme/pipelines/deploy/builds',
  ])
  expect(outcome).not.toHaveBeenCalled()
  await vi.advanceTimersByTimeAsync(1)
  await dispatch
  expect(outcome).toHaveBeenCalledWith({ kind: 'unclear', reason: 'Buildkite did not answer in time' })
})
