import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { readConfig } from '../../src/core/config.js'
import { createSecretBox, type SealedSecret } from '../../src/core/secret-box.js'
import { isSignedByBuildkite } from '../../src/modules/delivery/signature.rules.js'
import { fillPlaceholders, unknownPlaceholders } from '../../src/modules/workflow/placeholder.rules.js'
import { scopeOf } from '../../src/modules/workflow/workflow.js'
import {
  checkParameters,
  checkRef,
  checkSlug,
  checkTimeout,
  checkWebhookSecret,
  checkWebhookUrl,
  checkWorkflowFile,
} from '../../src/modules/workflow/workflow.rules.js'

describe('a placeholder', () => {
  test('is filled in once, its value being left alone', () => {
    const values = { 'project.name': '${candidate.id}', 'candidate.id': 'x' }
    expect(fillPlaceholders('${project.name} $ {x} ${candidate.id}', values)).toBe('${candidate.id} $ {x} x')
    expect(fillPlaceholders('${constructor}', values)).toBe('${constructor}')
  })
  test.each([
    ['${nope}', 'deploy', ['${nope}']],
    ['${environment.name}', 'build', ['${environment.name}']],
    ['${environment.name} ${deployment.id}', 'deploy', []],
    ['${candidate.commit', 'build', ['${candidate.commit']],
    ['${}', 'build', ['${}']],
    ['$candidate', 'build', []],
  ] as const)('in %j of a %s workflow', (text, purpose, unknown) => {
    expect(unknownPlaceholders(text, purpose)).toEqual(unknown)
  })
})

describe('a workflow', () => {
  const settings = { parameters: [], timeoutMinutes: 60 }
  test('has its runs in one place, whatever the case it is written in', () => {
    const secret = '' as SealedSecret
    expect(scopeOf({ runner: 'GITHUB_ACTIONS', workflow: 'x', ref: null, repository: 'Acme/Shop', ...settings })).toBe(
      'acme/shop',
    )
    expect(scopeOf({ runner: 'BUILDKITE', organization: 'Acme', pipeline: 'Deploy', branch: null, ...settings })).toBe(
      'acme/deploy',
    )
    expect(scopeOf({ runner: 'WEBHOOK', url: 'https://Hooks.Example:8443/x', secret, ...settings })).toBe(
      'hooks.example:8443',
    )
  })

  test.each(['deploy.yml', '4711', 'a-b_c.yaml'])('file %s is taken', name =>
    expect(checkWorkflowFile(name)).toBe(name),
  )
  test.each(['', '.', '..', '.github/workflows/deploy.yml', 'a b', 'x'.repeat(201)])('file %j is refused', name => {
    expect(() => checkWorkflowFile(name)).toThrow('Invalid workflow')
  })
  test.each([null, 'main', 'release/1.x', 'v1.0.0'])('ref %s is taken', ref => expect(checkRef('ref', ref)).toBe(ref))
  test.each([
    ...['', '-x', 'a..b', 'a b', 'a~1', '/a', 'a/', 'a@{1}', '@', '.a', 'a/.b', 'a.', 'a.lock', 'a.lock/b', 'a//b'],
    ...['a\0b', 'a\u0001b', 'a\u007fb'],
  ])('ref %j is refused', ref => {
    expect(() => checkRef('ref', ref)).toThrow('Invalid workflow')
  })
  test.each(['', 'a/b', '../x', '-a'])('slug %j is refused', slug => {
    expect(() => checkSlug('pipeline', slug)).toThrow('Invalid workflow')
  })
  test.each(['', 'ftp://x/', 'https://me:secret@x/', 'javascript:alert(1)'])('URL %j is refused', url => {
    expect(() => checkWebhookUrl(url)).toThrow('Invalid workflow')
  })
  test('has a time limit', () => {
    expect([checkTimeout(null), checkTimeout(1), checkTimeout(43_200)]).toEqual([60, 1, 43_200])
    for (const minutes of [0, -1, 43_201]) expect(() => checkTimeout(minutes)).toThrow('timeoutMinutes')
  })
  test('has a secret of 24 to 64 bytes, which no error repeats', () => {
    const ofBytes = (count: number) => `whsec_${Buffer.alloc(count, 7).toString('base64')}`
    expect([24, 64].map(count => checkWebhookSecret(ofBytes(count)))).toEqual([ofBytes(24), ofBytes(64)])
    for (const secret of [ofBytes(23), ofBytes(65), 'whsec_', 'hunter2hunter2']) {
      expect(() => checkWebhookSecret(secret)).toThrow(/^Invalid workflow: secret$/)
    }
  })
  test.each([
    [[{ name: 'a b', value: '' }], 'the parameter name "a b"'],
    [[{ name: 'a', value: '${nope}' }], 'the parameter a has the unknown placeholder ${nope}'],
    [[{ name: 'a', value: '\0' }], 'the parameter a contains the character U+0000'],
    [[{ name: 'a', value: 'x'.repeat(1_001) }], 'the parameter a is longer than 1000 characters'],
    [['a', 'a'].map(name => ({ name, value: '' })), 'the parameter a is there twice'],
    [Array.from({ length: 26 }, (_, count) => ({ name: `a${count}`, value: '' })), 'at most 25'],
  ])('whose parameters are wrong is refused (%#)', (parameters, message) => {
    expect(() => checkParameters(parameters, 'deploy')).toThrow(message)
  })
})

describe('a sealed secret', () => {
  const box = createSecretBox('a key that is at least 32 bytes long')
  test('is opened by its key alone', () => {
    const sealed = box.seal('whsec_x')
    expect(box.open(sealed)).toBe('whsec_x')
    expect(sealed).not.toContain('whsec')
    expect(box.seal('whsec_x')).not.toBe(sealed)
    expect(() => createSecretBox('another key that is 32 bytes long').open(sealed)).toThrow()
  })
  test('that was tampered with is refused', () => {
    const parts = box.seal('whsec_x').split('.')
    for (const part of [1, 2, 3]) {
      const bytes = Buffer.from(parts[part] ?? '', 'base64url')
      bytes[0] = (bytes[0] ?? 0) ^ 1
      const changed = parts.with(part, bytes.toString('base64url')).join('.') as SealedSecret
      expect(() => box.open(changed)).toThrow()
    }
    const sealed = box.seal('whsec_x')
    for (const text of ['', 'v1', 'v2.a.b.c', 'whsec_x', `${sealed}.more`, `${sealed}==`])
      expect(() => box.open(text as SealedSecret)).toThrow()
  })
})

test('a configuration of which much is wrong has all of it said', () => {
  const wrong = { RUN_WORKER: 'no', GITHUB_APP_ID: 'x', SECRETS_KEY: 'short', RUN_CHECK_SECONDS: '0' }
  const say = () => readConfig(wrong)
  for (const name of [...Object.keys(wrong), 'GITHUB_APP_PRIVATE_KEY']) expect(say).toThrow(`\n  ${name} `)
})

test('a server that leaves the jobs to others needs a database that others reach', () => {
  expect(() => readConfig({ RUN_WORKER: 'false' })).toThrow('RUN_WORKER must be true without DATABASE_URL')
  expect(readConfig({ RUN_WORKER: 'false', DATABASE_URL: 'postgresql://db/slipway' }).runWorker).toBe(false)
})

describe('an event of Buildkite', () => {
  const now = new Date('2026-11-23T12:00:00Z')
  const body = Buffer.from('{"build":{}}')
  const sign = (timestamp: number, token = 'token', text = body) => {
    const signature = createHmac('sha256', token).update(`${timestamp}.`).update(text).digest('hex')
    return { token: undefined, signature: `timestamp=${timestamp},signature=${signature}` }
  }
  const seconds = now.getTime() / 1_000
  test.each([
    ['with its token', { token: 'token', signature: undefined }, true],
    ['with its signature', sign(seconds), true],
    ['with another token', { token: 'nekot', signature: undefined }, false],
    ['with nothing', { token: undefined, signature: undefined }, false],
    ['signed with another token', sign(seconds, 'nekot'), false],
    ['signed for another body', sign(seconds, 'token', Buffer.from('{}')), false],
    ['signed six minutes ago', sign(seconds - 360), false],
    ['signed in six minutes', sign(seconds + 360), false],
    ['with half a signature', { token: undefined, signature: `timestamp=${seconds}` }, false],
    ['whose signature is wrong although its token is right', { ...sign(seconds - 360), token: 'token' }, false],
  ])('%s', (_what, shown, isIt) => expect(isSignedByBuildkite('token', shown, body, now)).toBe(isIt))
})
