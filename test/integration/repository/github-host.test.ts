import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { GitHubSettings } from '../../../src/modules/repository/github.client.js'
import { createGitHubHost } from '../../../src/modules/repository/github.host.js'
import { type GitHubStandIn, startGitHubStandIn } from '../../support/github-stand-in.js'

const ONE = `abcdef1${'0'.repeat(33)}`
const OTHER = `abcdef2${'0'.repeat(33)}`

let github: GitHubStandIn
const logged: string[] = []
const log = pino({ level: 'trace' }, { write: line => void logged.push(line) })

beforeAll(async () => {
  github = await startGitHubStandIn()
})
afterAll(() => github.stop())
beforeEach(() => {
  github.commits.splice(0, github.commits.length, ONE, OTHER)
  github.branches.clear()
  github.requests.length = 0
  github.interfere = () => undefined
})
afterEach(() => expect(github.faults).toEqual([]))

const resolve = (commit: string, settings: Partial<GitHubSettings> = {}, repository = 'acme/shop') =>
  createGitHubHost(
    { apiUrl: github.url, token: undefined, app: undefined, retryDelayMs: 5, ...settings },
    log,
  ).resolveCommit({ repository, repositoryHost: 'GITHUB', cloneUrl: null }, commit)

const limit = (status: number, text: string, headers: Record<string, string>) => () => ({
  status,
  body: { message: text, documentation_url: 'https://docs.github.com/rest' },
  headers,
})

describe('a commit', () => {
  test('is resolved to its full SHA', async () => {
    expect(await resolve('abcdef1')).toBe(ONE)
    expect(await resolve(OTHER)).toBe(OTHER)
  })

  test('of a GitHub Enterprise Server is found below its path', async () => {
    expect(await resolve('abcdef1', { apiUrl: `${github.url}/api/v3` })).toBe(ONE)
  })

  test.each(['1234567', 'abcdef'.padEnd(7, 'f')])('%s that is not there is invalid', async commit => {
    await expect(resolve(commit)).rejects.toMatchObject({ reason: 'INVALID_COMMIT' })
  })

  test('that is the name of a branch is not the branch’s commit', async () => {
    github.branches.set('deadbeef', ONE)
    await expect(resolve('deadbeef')).rejects.toMatchObject({ reason: 'INVALID_COMMIT' })
  })

  test('of an empty repository is invalid', async () => {
    github.interfere = () => ({ status: 409, body: { message: 'Git Repository is empty.' } })
    await expect(resolve('abcdef1')).rejects.toMatchObject({ reason: 'INVALID_COMMIT' })
  })

  test('of a repository that is missing or not visible is not found there', async () => {
    await expect(resolve('abcdef1', {}, 'acme/secret')).rejects.toMatchObject({
      reason: 'REPOSITORY_NOT_FOUND',
      message: 'GitHub repository not found',
    })
  })
})

describe('GitHub is asked', () => {
  test('with the token, if there is one', async () => {
    await resolve('abcdef1')
    await resolve('abcdef1', { token: 'ghp_secret' })
    expect(github.requests.map(({ authorization }) => authorization)).toEqual([undefined, 'token ghp_secret'])
  })

  test('as the app that is installed for the repository', async () => {
    expect(await resolve('abcdef1', { app: github.app })).toBe(ONE)
    expect(github.requests.map(({ operation }) => operation)).toEqual([
      'GET /repos/{owner}/{repo}/installation',
      'POST /app/installations/{installation_id}/access_tokens',
      'GET /repos/{owner}/{repo}/commits/{ref}',
    ])
    expect(github.requests.at(-1)?.authorization).toBe('token ghs_installation')
  })

  test('and where the app is not installed the repository is not found', async () => {
    await expect(resolve('abcdef1', { app: github.app }, 'acme/other')).rejects.toMatchObject({
      reason: 'REPOSITORY_NOT_FOUND',
    })
  })
})

describe('GitHub is unavailable', () => {
  const unavailable = { reason: 'HOST_UNAVAILABLE', message: 'GitHub is unavailable' }

  test('but is asked again after a failure that passes', async () => {
    let failures = 2
    github.interfere = () => (failures-- > 0 ? { status: 502, body: { message: 'Bad Gateway' } } : undefined)
    expect(await resolve('abcdef1')).toBe(ONE)
    expect(github.requests).toHaveLength(3)
  })

  test('when it keeps failing', async () => {
    github.interfere = () => ({ status: 503, body: { message: 'Service Unavailable' } })
    await expect(resolve('abcdef1')).rejects.toMatchObject({ ...unavailable, retryAfter: 30 })
  })

  test('when it drops the connection', async () => {
    github.interfere = () => 'drop'
    await expect(resolve('abcdef1')).rejects.toMatchObject(unavailable)
  })

  test('when it does not answer in time', async () => {
    github.interfere = () => 'hang'
    await expect(resolve('abcdef1', { timeoutMs: 200 })).rejects.toMatchObject(unavailable)
  })

  test('when nobody listens', async () => {
    await expect(resolve('abcdef1', { apiUrl: 'http://127.0.0.1:1' })).rejects.toMatchObject(unavailable)
  })

  test('when it refuses the credentials, which is for the operator to see', async () => {
    logged.length = 0
    github.interfere = () => ({ status: 401, body: { message: 'Bad credentials' } })
    await expect(resolve('abcdef1', { token: 'ghp_secret' })).rejects.toMatchObject(unavailable)
    expect(logged.join('')).toContain('GitHub refuses the credentials of this server')
    expect(logged.join('')).not.toContain('ghp_secret')
  })

  test('when the rate is used up, until it is restored', async () => {
    const secondsUntil = (time: number) => Math.ceil(time - Date.now() / 1_000)
    const reset = Math.ceil(Date.now() / 1_000) + 3_600
    const longest = secondsUntil(reset)
    github.interfere = limit(403, 'API rate limit exceeded', {
      'x-ratelimit-remaining': '0',
      'x-ratelimit-reset': String(reset),
    })
    const error = await resolve('abcdef1').catch((thrown: unknown) => thrown)
    const shortest = secondsUntil(reset)
    expect(error).toMatchObject(unavailable)
    const { retryAfter } = error as { retryAfter: number }
    expect(retryAfter).toBeLessThanOrEqual(longest)
    expect(retryAfter).toBeGreaterThanOrEqual(shortest)
    expect(github.requests).toHaveLength(1)
  })

  test('when a secondary limit is hit, for as long as it says', async () => {
    github.interfere = limit(429, 'You have exceeded a secondary rate limit', { 'retry-after': '77' })
    await expect(resolve('abcdef1')).rejects.toMatchObject({ ...unavailable, retryAfter: 77 })
    expect(github.requests).toHaveLength(1)
  })
})
