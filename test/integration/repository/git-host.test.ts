import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createGitHost } from '../../../src/modules/repository/git.host.js'
import type { RepositoryHost } from '../../../src/modules/repository/repository.host.js'
import { createGitRepository, type GitRepository } from '../../support/git-repository.js'

let origin: GitRepository
let dataDir: string
let host: RepositoryHost

beforeEach(async () => {
  origin = await createGitRepository()
  dataDir = await mkdtemp(join(tmpdir(), 'slipway-mirrors-'))
  host = createGitHost(dataDir)
})
afterEach(async () => {
  await origin.remove()
  await rm(dataDir, { recursive: true, force: true })
})

const resolve = (commit: string, cloneUrl = origin.cloneUrl, by = host) =>
  by.resolveCommit({ repository: 'acme/shop', repositoryHost: 'GIT', cloneUrl }, commit)

describe('a commit', () => {
  test('is resolved to its full SHA, also one that came after the mirror was made', async () => {
    const first = await origin.commit('first')
    expect(await resolve(first.slice(0, 7))).toBe(first)
    const second = await origin.commit('second')
    expect(await resolve(second)).toBe(second)
  })

  test('on any branch or tag is found', async () => {
    await origin.commit('first')
    await origin.git('checkout', '--quiet', '-b', 'feature')
    const onBranch = await origin.commit('on a branch')
    await origin.git('checkout', '--quiet', '--detach')
    const tagged = await origin.commit('tagged')
    await origin.git('tag', 'v1')
    await origin.git('checkout', '--quiet', 'main')
    expect(await resolve(onBranch)).toBe(onBranch)
    expect(await resolve(tagged.slice(0, 10))).toBe(tagged)
  })

  test('once resolved stays so after its branch was rewritten, and while the origin is gone', async () => {
    await origin.commit('first')
    const lost = await origin.commit('to be lost')
    expect(await resolve(lost)).toBe(lost)
    await origin.git('reset', '--quiet', '--hard', 'HEAD~1')
    const other = await origin.commit('instead')
    expect(await resolve(other)).toBe(other)
    await origin.remove()
    expect(await resolve(lost)).toBe(lost)
  })

  test('that is not there is invalid', async () => {
    await origin.commit('first')
    for (const commit of ['1234567', 'f'.repeat(40), 'f'.repeat(64)]) {
      await expect(resolve(commit)).rejects.toMatchObject({ reason: 'INVALID_COMMIT' })
    }
  })

  test('that is the name of a branch is not the branch’s commit', async () => {
    await origin.commit('first')
    await origin.git('branch', 'deadbeef')
    await expect(resolve('deadbeef')).rejects.toMatchObject({ reason: 'INVALID_COMMIT' })
  })

  test('is no tree and no tag', async () => {
    await origin.commit('first')
    await origin.git('tag', '--annotate', '--message', 'tag', 'v1')
    const objects = await Promise.all(['HEAD^{tree}', 'v1^{tag}'].map(name => origin.git('rev-parse', name)))
    for (const object of objects) await expect(resolve(object)).rejects.toMatchObject({ reason: 'INVALID_COMMIT' })
  })

  test('is found by 20 calls at once, and by another process meanwhile', async () => {
    const sha = await origin.commit('first')
    const other = createGitHost(dataDir)
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) => resolve(sha, undefined, i % 2 ? host : other)),
    )
    expect(new Set(answers)).toEqual(new Set([sha]))
    expect(await readdir(join(dataDir, 'mirrors'))).toHaveLength(1)
  })
})

describe('a mirror', () => {
  test('that was damaged is made again', async () => {
    await origin.commit('first')
    await resolve(await origin.git('rev-parse', 'HEAD'))
    const [name = ''] = await readdir(join(dataDir, 'mirrors'))
    await rm(join(dataDir, 'mirrors', name, 'objects'), { recursive: true })
    const next = await origin.commit('next')
    expect(await resolve(next)).toBe(next)
  })

  test('that was interrupted while it was made is in nobody’s way', async () => {
    const sha = await origin.commit('first')
    await resolve(sha)
    const [name = ''] = await readdir(join(dataDir, 'mirrors'))
    await writeFile(join(dataDir, 'mirrors', `${name}-unfinished-x`), '')
    const next = await origin.commit('next')
    expect(await resolve(next)).toBe(next)
  })
})

describe('a repository', () => {
  test('that is not there is not found, and leaves nothing behind', async () => {
    await expect(resolve('1234567', `${origin.cloneUrl}-gone`)).rejects.toMatchObject({
      reason: 'REPOSITORY_NOT_FOUND',
    })
    expect(await readdir(join(dataDir, 'mirrors'))).toEqual([])
  })

  test('whose server does not answer is unavailable', async () => {
    // The connection is taken and closed again: nobody speaks TLS here.
    const server = createServer(socket => socket.destroy()).listen(0, '127.0.0.1')
    await new Promise(listening => server.once('listening', listening))
    const { port } = server.address() as { port: number }
    await expect(resolve('1234567', `https://user:secret@127.0.0.1:${port}/shop.git`)).rejects.toMatchObject({
      reason: 'HOST_UNAVAILABLE',
      message: 'Git server is unavailable',
      cause: expect.not.objectContaining({ message: expect.stringContaining('secret') }),
    })
    await new Promise(closed => server.close(closed))
  })

  test('that would make git run a program does not', async () => {
    const marker = join(dataDir, 'ran')
    for (const url of [`ext::sh -c touch%20${marker}`, `--upload-pack=touch ${marker}`]) {
      await expect(resolve('1234567', url)).rejects.toThrow()
    }
    await expect(readdir(dataDir)).resolves.not.toContain('ran')
  })
})
