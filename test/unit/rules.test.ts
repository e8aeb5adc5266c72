import { randomUUID } from 'node:crypto'
import { TypeID } from 'typeid-js'
import { describe, expect, test } from 'vitest'
import { parseCandidateVersion } from '../../src/core/candidate-version.js'
import { fromGlobalId, toGlobalId } from '../../src/core/global-id.js'
import { enterStatus, isFinished } from '../../src/modules/deployment/deployment.status.js'
import { judgeReport, type ReportVerdict } from '../../src/modules/deployment/report.rules.js'
import { parseCloneUrl } from '../../src/modules/repository/clone-url.rules.js'
import { parseCommit } from '../../src/modules/repository/commit.rules.js'
import { isRepositoryName, sameRepository } from '../../src/modules/repository/repository-name.rules.js'

describe('a candidate version', () => {
  test.each([
    ['v1.4.0-rc2', 'v1.4.0', 2],
    ['2026.11.23-rc1', '2026.11.23', 1],
    ['a-rc1-rc2', 'a-rc1', 2],
    ['0-rc999999999', '0', 999_999_999],
    ['x@1+b_c/d-e.f-rc7', 'x@1+b_c/d-e.f', 7],
    [`${'v'.repeat(100)}-rc1`, 'v'.repeat(100), 1],
  ])('%s is taken apart', (text, release, number) => {
    expect(parseCandidateVersion(text)).toEqual({ release, number })
  })

  test.each([
    ...['', 'v1', 'v1-rc', 'v1-rc0', 'v1-rc01', 'v1-rc1000000000', '-rc1', '.1-rc1', 'v 1-rc1', 'v1-RC1', 'v1-rc1 '],
    ...['v1-rc1\n', 'ü-rc1', `${'v'.repeat(101)}-rc1`],
  ])('%j is refused', text => {
    expect(() => parseCandidateVersion(text)).toThrow('Invalid release candidate version')
  })
})

describe('a commit', () => {
  test('is lower-cased', () => expect(parseCommit('ABCDEF1')).toBe('abcdef1'))
  test.each(['abcdef', 'g'.repeat(7), '1'.repeat(65), ' abcdef1', 'abcdef1\n', '-abcdef1'])('%j is refused', text => {
    expect(() => parseCommit(text)).toThrow('Invalid commit hash')
  })
})

describe('a repository name', () => {
  test.each(['acme/shop', 'a/b.c', 'A-1/x_y'])('%s is one', name => expect(isRepositoryName(name)).toBe(true))
  test.each(['', 'shop', 'a/b/c', '/b', 'a/', 'a/..', './b', 'a b/c', 'a/b\n', 'https://x/y'])('%j is none', name => {
    expect(isRepositoryName(name)).toBe(false)
  })
  test('is the same in any case on GitHub alone', () => {
    expect(sameRepository('Acme/Shop', 'acme/shop', 'GITHUB')).toBe(true)
    expect(sameRepository('Acme/Shop', 'acme/shop', 'GIT')).toBe(false)
  })
})

describe('a clone URL', () => {
  test.each([
    ['https://git.example/acme/shop.git', 'https://git.example/acme/shop.git'],
    ['https://me:token@git.example/shop', 'https://me:token@git.example/shop'],
    ['ssh://git@git.example:2222/shop', 'ssh://git@git.example:2222/shop'],
    ['git@git.example:acme/shop.git', 'ssh://git@git.example/acme/shop.git'],
  ])('%s is taken', (text, url) => expect(parseCloneUrl(text, { allowFile: false })).toBe(url))

  test.each([
    ...['', 'shop', '/srv/shop', 'http://git.example/shop', 'git://git.example/shop', 'ftp://git.example/shop'],
    ...['ext::sh -c id', '--upload-pack=id', 'ssh://-oProxyCommand=id/shop', 'https://git.example/a\nb', 'https://'],
    ...['file:///srv/shop', 'https://git.example', '-x@git.example:shop'],
  ])('%j is refused', text => expect(() => parseCloneUrl(text, { allowFile: false })).toThrow('Invalid cloneUrl'))

  test('of a file is taken where it is allowed, of this machine alone', () => {
    expect(parseCloneUrl('file:///srv/shop', { allowFile: true })).toBe('file:///srv/shop')
    expect(() => parseCloneUrl('file://host/srv/shop', { allowFile: true })).toThrow('Invalid cloneUrl')
  })
})

describe('what a report does', () => {
  const at = (second: number) => new Date(second * 1_000)
  const TABLE: readonly [string, Parameters<typeof judgeReport>, ReportVerdict][] = [
    ['no deployment', [{ status: 'SUCCESS', at: at(5) }, null], 'create'],
    [
      'an active one',
      [
        { status: 'SUCCESS', at: at(5) },
        { status: 'PENDING', reportedAt: null, isNewestOfEnvironment: true },
      ],
      'update',
    ],
    [
      'an active one that was overtaken',
      [
        { status: 'SUCCESS', at: at(5) },
        { status: 'PENDING', reportedAt: at(5), isNewestOfEnvironment: false },
      ],
      'update',
    ],
    [
      'an active one with its status',
      [
        { status: 'PENDING', at: at(5) },
        { status: 'PENDING', reportedAt: null, isNewestOfEnvironment: true },
      ],
      'ignore',
    ],
    [
      'a finished one, that it runs',
      [
        { status: 'IN_PROGRESS', at: at(5) },
        { status: 'SUCCESS', reportedAt: at(4), isNewestOfEnvironment: true },
      ],
      'create',
    ],
    [
      'a finished one, another end',
      [
        { status: 'FAILURE', at: at(5) },
        { status: 'SUCCESS', reportedAt: at(4), isNewestOfEnvironment: true },
      ],
      'update',
    ],
    [
      'a finished one, the same end',
      [
        { status: 'SUCCESS', at: at(5) },
        { status: 'SUCCESS', reportedAt: at(4), isNewestOfEnvironment: true },
      ],
      'ignore',
    ],
    [
      'a finished one that was overtaken',
      [
        { status: 'SUCCESS', at: at(5) },
        { status: 'SUCCESS', reportedAt: at(4), isNewestOfEnvironment: false },
      ],
      'create',
    ],
    [
      'a finished one that was overtaken, once more',
      [
        { status: 'SUCCESS', at: at(4) },
        { status: 'SUCCESS', reportedAt: at(4), isNewestOfEnvironment: false },
      ],
      'ignore',
    ],
    [
      'too late',
      [
        { status: 'IN_PROGRESS', at: at(3) },
        { status: 'SUCCESS', reportedAt: at(4), isNewestOfEnvironment: true },
      ],
      'keep',
    ],
    [
      'too late, and overtaken',
      [
        { status: 'SUCCESS', at: at(3) },
        { status: 'SUCCESS', reportedAt: at(4), isNewestOfEnvironment: false },
      ],
      'keep',
    ],
  ]
  test.each(TABLE)('about %s', (_what, [report, newest], verdict) => {
    expect(judgeReport(report, newest)).toBe(verdict)
  })
})

describe('the times of a status', () => {
  const [one, two, three] = [1, 2, 3].map(second => new Date(second * 1_000)) as [Date, Date, Date]
  test('follow from the statuses', () => {
    const pending = enterStatus(null, 'PENDING', one)
    expect(pending).toEqual({ status: 'PENDING', startedAt: null, finishedAt: null })
    const failed = enterStatus(pending, 'FAILURE', two)
    expect(failed).toEqual({ status: 'FAILURE', startedAt: two, finishedAt: two })
    expect(enterStatus(failed, 'SUCCESS', three)).toEqual({ status: 'SUCCESS', startedAt: two, finishedAt: three })
  })
  test('end with the finished ones', () => {
    const statuses = [
      'PENDING',
      'IN_PROGRESS',
      'CANCELING',
      'UNKNOWN',
      'SUCCESS',
      'FAILURE',
      'CANCELED',
      'ERROR',
    ] as const
    expect(statuses.filter(isFinished)).toEqual(['SUCCESS', 'FAILURE', 'CANCELED', 'ERROR'])
  })
})

describe('a global ID', () => {
  const key = '0197a000-0000-7000-8000-000000000001'
  test('leads back to its row', () => {
    for (const kind of ['project', 'environment', 'release', 'candidate', 'deployment'] as const) {
      expect(fromGlobalId(toGlobalId(kind, key))).toEqual({ kind, key })
    }
  })
  test('is the TypeID of the row’s key', () => {
    const uuids = [key, '00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff']
    for (const uuid of [...uuids, ...Array.from({ length: 1_000 }, () => randomUUID())]) {
      expect(toGlobalId('release', uuid)).toBe(TypeID.fromUUID('release', uuid).toString())
    }
  })
  test.each(['', 'x', 'moon_01kyg000000e0080000000000', 'project_', 'project_!', '_', key])('%j is none', id => {
    expect(fromGlobalId(id)).toBeNull()
  })
})
