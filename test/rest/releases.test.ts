import { describe, expect, test } from 'vitest'
import { createProject, type RestCandidate } from '../support/seed.js'
import { useSlipway } from '../support/slipway.js'

let asked = 0
const slipway = useSlipway({
  wrapHosts: hosts => ({
    ...hosts,
    resolveCommit: (repository, commit) => {
      asked++
      return hosts.resolveCommit(repository, commit)
    },
  }),
})

describe('cutting a release', () => {
  test('creates the candidate, ready at once, at the full commit', async () => {
    const project = await createProject(slipway)
    const commit = await slipway.repository.commit('first')
    const answer = await slipway
      .as({ role: 'deployer', subject: 'ci' })
      .rest<RestCandidate>('POST', `/api/releases/${project.name}/releases/2026.11.23-rc1`, {
        repo: project.repository,
        commit: commit.slice(0, 8).toUpperCase(),
        trigger_build_workflow: true,
      })
    expect(answer.status).toBe(201)
    expect(answer.body).toEqual({
      id: expect.stringMatching(/^candidate_/),
      project_name: project.name,
      release_version: '2026.11.23',
      release_candidate_version: '2026.11.23-rc1',
      repo: project.repository,
      commit,
      status: 'ready',
      actor: 'ci',
      created_at: expect.stringMatching(/^\d{4}-.*Z$/),
    })
  })

  test('takes every character that a version may have, URL-encoded', async () => {
    const project = await createProject(slipway)
    const version = 'app@1.0.0+build_7/x-rc1-rc2'
    const candidate = await project.cut(version)
    expect(candidate).toMatchObject({ release_version: 'app@1.0.0+build_7/x-rc1', release_candidate_version: version })
  })

  test('again at the same commit answers what is there, without asking the host', async () => {
    const project = await createProject(slipway)
    const first = await project.cut('v1-rc1')
    asked = 0
    const path = `/api/releases/${project.name}/releases/v1-rc1`
    for (const commit of [first.commit, first.commit.slice(0, 7)]) {
      const again = await slipway.as().rest('POST', path, { repo: project.repository, commit })
      expect(again).toMatchObject({ status: 200, body: first })
    }
    expect(asked).toBe(0)
  })

  test('32 times at once creates one candidate', async () => {
    const project = await createProject(slipway)
    const commit = await slipway.repository.commit('many')
    const path = `/api/releases/${project.name}/releases/v1-rc1`
    const answers = await Promise.all(
      Array.from({ length: 32 }, () => slipway.as().rest('POST', path, { repo: project.repository, commit })),
    )
    expect(answers.map(({ status }) => status).sort()).toEqual([...Array<number>(31).fill(200), 201])
    expect(new Set(answers.map(({ body }) => body['id'])).size).toBe(1)
    const cuts = await slipway.database.auditEvent.findMany({
      where: { action: 'release.create', data: { path: ['commit'], equals: commit } },
    })
    expect(cuts).toHaveLength(1)
  })

  test('gives a release the commit of its newest candidate', async () => {
    const project = await createProject(slipway)
    await project.cut('v1-rc1')
    const newest = await project.cut('v1-rc2')
    const data = await slipway.as().query<{ project: { release: object } }>(
      `query ($name: String!) {
        project(name: $name) { release(version: "v1") { commit candidates { version number } project { name } } }
      }`,
      { name: project.name },
    )
    expect(data.project.release).toEqual({
      commit: newest.commit,
      candidates: [
        { version: 'v1-rc2', number: 2 },
        { version: 'v1-rc1', number: 1 },
      ],
      project: { name: project.name },
    })
  })
})
