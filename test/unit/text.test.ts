import { describe, expect, test } from 'vitest'
import { checkText, cutText, isLonger, LONGEST_TEXT, LONGEST_URL } from '../../src/core/text.js'
import { readBuildkiteEvent } from '../../src/modules/delivery/buildkite-event.js'
import { readGitHubEvent } from '../../src/modules/delivery/github-event.js'

describe('a length', () => {
  test.each([
    ['abc', 3, false],
    ['abcd', 3, true],
    ['🚢🚢🚢', 3, false],
    ['🚢🚢🚢🚢', 3, true],
    ['a🚢🚢', 2, true],
    ['', 0, false],
  ])('%s is longer than %d: %s', (text, characters, expected) => {
    expect(isLonger(text, characters)).toBe(expected)
  })

  test('is refused by the name of the field', () => {
    expect(() => checkText('reason', 'x'.repeat(4_001))).toThrow('reason is longer than 4,000 characters')
    expect(() => checkText('reason', 'x'.repeat(4_000))).not.toThrow()
  })

  test('is brought about by a cut that takes no character apart', () => {
    expect(cutText('🚢🚢🚢', 3)).toBe('🚢🚢🚢')
    expect(cutText('🚢🚢🚢🚢', 3)).toBe('🚢🚢…')
    expect(Array.from(cutText('🚢'.repeat(1_000_000)))).toHaveLength(LONGEST_TEXT)
  })
})

const LONG_URL = `https://example.com/${'x'.repeat(LONGEST_URL)}`
const at = '2026-11-23T18:00:00Z'

describe('an event of a provider', () => {
  const run = { id: 1, status: 'in_progress', conclusion: null, html_url: LONG_URL, updated_at: at }
  const github = (change: object = {}, full_name = 'acme/shop') =>
    readGitHubEvent({ action: 'in_progress', workflow_run: { ...run, ...change }, repository: { full_name } })
  const buildkite = (change: object = {}) =>
    readBuildkiteEvent({
      build: { number: 1, state: 'running', web_url: LONG_URL, created_at: at, ...change },
      pipeline: { url: 'https://api.buildkite.com/v2/organizations/acme/pipelines/shop' },
    })

  test('loses a link that is too long, and nothing else', () => {
    expect(github()).toMatchObject({ externalId: '1', observation: { status: 'IN_PROGRESS', url: null } })
    expect(buildkite()).toMatchObject({ externalId: '1', observation: { status: 'IN_PROGRESS', url: null } })
  })

  test('is read for ten tokens at most, none of them longer than one of ours', () => {
    const token = 'deployment_01kaz0000000000000000000aa'
    expect(github({ display_title: `${token} `.repeat(1_000) })?.tokens).toEqual(Array(10).fill(token))
    expect(buildkite({ meta_data: { 'slipway-run': 'x'.repeat(101) } })?.tokens).toEqual([])
  })

  test('of a place whose name is longer than any is none', () => {
    expect(github({}, `acme/${'x'.repeat(300)}`)).toBeNull()
  })
})
