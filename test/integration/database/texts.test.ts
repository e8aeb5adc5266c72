import { beforeAll, describe, expect, test } from 'vitest'
import { storable } from '../../../src/core/storable-text.js'
import { postEvent } from '../../../src/demo/post-event.js'
import { createClient } from '../../support/client.js'
import { createProject, type SeededProject } from '../../support/seed.js'
import { GITHUB_WEBHOOK_SECRET, useSlipway } from '../../support/slipway.js'
import { testToken } from '../../support/token.js'

const slipway = useSlipway()

let project: SeededProject

beforeAll(async () => {
  project = await createProject(slipway)
  await project.cut('v1-rc1')
  await project.createEnvironment('production')
})

describe.each([
  ['U+0000', 'a\0b'],
  ['the first half of a pair', 'a\ud83d'],
  ['the second half of a pair', 'a\udc00b'],
  ['the halves in the wrong order', '\udc00\ud83d'],
])('a text with %s', (_what, text) => {
  const authorization = `Bearer ${testToken()}`

  test('is refused as a variable', async () => {
    const { status, errors } = await slipway
      .as()
      .graphql(`mutation ($input: QuarantineInput!) { quarantineCandidate(input: $input) { candidate { id } } }`, {
        input: { project: project.name, candidateVersion: 'v1-rc1', reason: text },
      })
    expect(status).toBe(400)
    expect(errors[0]).toMatchObject({
      message: expect.stringMatching(/^reason must not contain/),
      extensions: { code: 'BAD_USER_INPUT', reason: 'INVALID_INPUT' },
    })
  })

  test('is refused as a variable in a URL, by its name', async () => {
    const query = 'query ($search: String!) { projects(search: $search) { totalCount } }'
    const variables = JSON.stringify({ search: text })
    const response = await fetch(`${slipway.url}/graphql?${new URLSearchParams({ query, variables })}`, {
      headers: { authorization },
    })
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ errors: [{ message: expect.stringMatching(/^search must not/) }] })
  })

  test.each([
    ['POST', 'deployments', { release_candidate_version: 'v1-rc1', force: true, reason: text }],
    ['PATCH', 'deployments', { release_candidate_version: 'v1-rc1', status: 'failure', error_message: text }],
    ['POST', 'rollback', { reason: text }],
  ])('is refused in the body of %s %s', async (method, path, body) => {
    const answer = await slipway
      .as()
      .rest(method, `/api/releases/${project.name}/environments/production/${path}`, body)
    expect(answer).toMatchObject({ status: 400, body: { error: expect.stringMatching(/must not contain/) } })
  })

  test.each(['subject', 'project'])('is refused as the %s of a token', async claim => {
    const token = testToken(claim === 'subject' ? { subject: text } : { projects: [text] })
    const answer = await createClient(slipway.url, token).rest('GET', '/api/releases/x/environments/y/deployments')
    expect(answer.status).toBe(401)
  })

  test('is refused in an event', async () => {
    const response = await postEvent(`${slipway.url}/webhooks/github`, GITHUB_WEBHOOK_SECRET, {
      action: 'completed',
      workflow_run: {
        id: 1,
        status: 'completed',
        conclusion: 'success',
        display_title: 'Deploy',
        html_url: text,
        updated_at: '2026-11-25T12:00:00Z',
      },
      repository: { full_name: 'acme/shop' },
    })
    expect(response.status).toBe(400)
  })

  test('in a tag is none of ours, and the answer is given in full', async () => {
    const scope = Buffer.from(JSON.stringify([text])).toString('base64url')
    const query = new URLSearchParams({ query: `{ project(name: "${project.name}") { name } }` })
    const response = await fetch(`${slipway.url}/graphql?${query}`, {
      headers: { authorization, 'if-none-match': `W/"${scope}.aaaa.1-1"` },
    })
    expect(response.status).toBe(200)
  })

  test('is made storable when it came from a provider', () => {
    const at = new Date()
    const [message] = storable([{ observations: [{ message: text, at }] }])[0]?.observations ?? []
    expect(message?.message).toContain('\ufffd')
    expect(message?.message).not.toMatch(/\p{Surrogate}/u)
    expect(message?.at).toBe(at)
  })
})

test('U+0000 is refused where it is written in a document', async () => {
  const { status, errors } = await slipway.as().graphql('{ projects(search: "a\\u0000b") { totalCount } }')
  expect(status).toBe(400)
  expect(errors[0]?.message).toMatch(/^search must not contain/)
})

test('U+0000 is refused in a path', async () => {
  const answer = await slipway.as().rest('GET', '/api/releases/a%00b/environments/production/deployments')
  expect(answer).toMatchObject({ status: 400, body: { error: expect.stringMatching(/must not contain/) } })
})

test('a whole pair is a character like any other', async () => {
  const { errors } = await slipway
    .as()
    .graphql(`mutation ($input: QuarantineInput!) { quarantineCandidate(input: $input) { candidate { id } } }`, {
      input: { project: project.name, candidateVersion: 'v1-rc1', reason: 'It crashes \u{1f4a5}' },
    })
  expect(errors).toEqual([])
})
