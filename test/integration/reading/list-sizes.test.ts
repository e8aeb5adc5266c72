import { randomUUID } from 'node:crypto'
import { getNamedType, getNullableType, isListType, isObjectType } from 'graphql'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { Prisma } from '../../../src/database/generated/client.js'
import type { SqlReader } from '../../../src/database/transaction.js'
import { createSchema } from '../../../src/graphql/schema.js'
import type { ListKind } from '../../../src/modules/reading/list-kind.js'
import { ListSizes, Outgrown } from '../../../src/modules/reading/list-sizes.js'
import { createProject, type SeededEnvironment, type SeededProject } from '../../support/seed.js'
import { unique, useSlipway } from '../../support/slipway.js'

const slipway = useSlipway()

let project: SeededProject
let environment: SeededEnvironment

beforeAll(async () => {
  project = await createProject(slipway)
  await project.cut('v1-rc1')
  environment = await project.createEnvironment('production')
  await environment.report('v1-rc1', 'success')
})

/** Answers a query about the project, and what it was told to cost. */
async function ask<Data>(selection: string): Promise<{
  readonly data: Data | null
  readonly errors: readonly { readonly message: string; readonly extensions: Readonly<Record<string, unknown>> }[]
  readonly cost: number
}> {
  const query = `query ($name: String!) { project(name: $name) { ${selection} } }`
  const response = await slipway.as().graphql<{ project: Data }>(query, { name: project.name })
  return { data: response.data?.project ?? null, errors: response.errors, cost: response.cost ?? 0 }
}

/** Adds so many entries to the history of the newest deployment. */
async function addStatusChanges(count: number): Promise<void> {
  const { id } = await slipway.database.deployment.findFirstOrThrow({ orderBy: { number: 'desc' } })
  await slipway.database.deploymentStatusChange.createMany({
    data: Array.from({ length: count }, (_, index) => ({
      deploymentId: id,
      status: 'SUCCESS' as const,
      actor: 'tester',
      at: new Date(Date.UTC(2026, 0, 1) + index),
      recordedAt: new Date(),
    })),
  })
}

test('every list says what it is a list of', () => {
  const undeclared = Object.values(createSchema().getTypeMap())
    .filter(type => isObjectType(type) && !/^__|(Connection)$/.test(type.name))
    .flatMap(type => Object.values(isObjectType(type) ? type.getFields() : {}).map(field => ({ type, field })))
    .filter(({ field }) => {
      const ofObjects = isListType(getNullableType(field.type)) && isObjectType(getNamedType(field.type))
      const ofPages = getNamedType(field.type).name.endsWith('Connection')
      const { size } = field.extensions
      return (ofObjects && size?.list === undefined) || (ofPages && size?.counted === undefined)
    })
    .map(({ type, field }) => `${type.name}.${field.name}`)
  expect(undeclared).toEqual([])
})

describe('a list without pages', () => {
  const HISTORY = 'environment(name: "production") { deployments { nodes { statusHistory { status } } } }'
  type History = { environment: { deployments: { nodes: { statusHistory: object[] }[] } } }

  test('is answered whole though it is longer than was assumed, and costs what it is from then on', async () => {
    const before = await ask<History>(HISTORY)
    await addStatusChanges(60)
    const after = await ask<History>(HISTORY)
    expect(after.errors).toEqual([])
    expect(after.data?.environment.deployments.nodes[0]?.statusHistory.length).toBeGreaterThan(60)
    expect(after.cost).toBeGreaterThan(before.cost)
    expect((await ask<History>(HISTORY)).cost).toBe(after.cost)
  })

  test('is refused where it is longer than any may be, and cut where its beginning is asked for', async () => {
    await addStatusChanges(1_000)
    const { errors, data } = await ask(HISTORY.replace('deployments', 'deployments(first: 1)'))
    expect(data).toBeNull()
    expect(errors).toMatchObject([
      {
        message:
          'Query is too large: more than 1000 status changes of a deployment at ' +
          'project.environment.deployments.nodes.statusHistory',
        extensions: { code: 'BAD_USER_INPUT', reason: 'QUERY_TOO_LARGE', details: expect.stringContaining('first') },
      },
    ])
    for (const first of [0, 1, 999, 1_000]) {
      const cut = await ask<History>(
        HISTORY.replace('deployments', 'deployments(first: 1)').replace(
          'statusHistory',
          `statusHistory(first: ${first})`,
        ),
      )
      expect(cut.errors).toEqual([])
      expect(cut.data?.environment.deployments.nodes[0]?.statusHistory).toHaveLength(first)
    }
  })

  test.each([-1, 1_001])('has no beginning of %i', async first => {
    const { errors } = await ask(HISTORY.replace('statusHistory', `statusHistory(first: ${first})`))
    expect(errors).toMatchObject([{ message: `Invalid first: ${first}`, extensions: { reason: 'INVALID_INPUT' } }])
  })

  test('that people set up is measured: one more environment is there and costs one more', async () => {
    const before = await ask<{ environments: object[] }>('environments { name }')
    for (let count = 0; count < 3; count += 1) await project.createEnvironment(unique('stage'), 'STAGING')
    const after = await ask<{ environments: object[] }>('environments { name }')
    expect(after.data?.environments).toHaveLength((before.data?.environments.length ?? 0) + 3)
    expect(after.cost).toBe(before.cost + 3)
    const { data } = await ask<{ environments: { name: string }[] }>('environments(first: 2) { name }')
    expect(data?.environments).toEqual(after.data?.environments.slice(0, 2))
  })

  test('that many queries find to be longer at once is measured, and taken to be no longer than it is', async () => {
    const before = (await ask('environments { name }')).cost
    await project.createEnvironment()
    const costs = await Promise.all(Array.from({ length: 40 }, async () => (await ask('environments { name }')).cost))
    costs.push((await ask('environments { name }')).cost)
    expect(new Set(costs)).toEqual(new Set([before + 1]))
  })

  test('that is measured keeps its size through an hour without a query', async () => {
    const before = (await ask('environments { name }')).cost
    const now = performance.now.bind(performance)
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => now() + 3_600_000)
    try {
      expect((await ask('environments { name }')).cost).toBe(before)
    } finally {
      clock.mockRestore()
    }
  })

  test('that is measured keeps its size when it cannot be measured again', async () => {
    const kind: ListKind = { name: 'things', cap: 500, largest: Prisma.sql`SELECT 3` }
    const measure = vi
      .fn()
      .mockResolvedValueOnce([{ sizes: [3] }])
      .mockRejectedValue(new Error('away'))
    const sizes = new ListSizes([kind], { $queryRaw: measure } as SqlReader, { warn: () => undefined })
    await sizes.refresh()
    expect(sizes.of(kind)).toBe(3)
    await sizes.correct(new Outgrown(kind, 2))
    expect(sizes.of(kind)).toBe(3)
    // A longer list was met: it is taken to be longer, and not as long as lists may be.
    await sizes.correct(new Outgrown(kind, 3))
    expect(sizes.of(kind)).toBe(12)
  })

  test('is read whole for the payload of a mutation, which is carried out once', async () => {
    await project.cut('v2-rc1')
    await environment.report('v2-rc1', 'success')
    await addStatusChanges(500)
    const { data, errors } = await slipway.as().graphql<{ report: { deployment: { statusHistory: object[] } } }>(
      `mutation ($input: UpdateDeploymentStatusInput!) {
        report: updateDeploymentStatus(input: $input) { deployment { statusHistory { status } } }
      }`,
      {
        input: {
          project: project.name,
          environment: environment.name,
          candidateVersion: 'v2-rc1',
          status: 'FAILURE',
        },
      },
    )
    expect(errors).toEqual([])
    expect(data.report.deployment.statusHistory).toHaveLength(502)
  })
})

describe('a count', () => {
  const COUNT = (args: string) => `environment(name: "production") { deployments(${args}first: 0) { totalCount } }`
  const countOf = async (selection: string) => {
    const { data, errors } = await ask<{ environment: { deployments: { totalCount: number } } }>(selection)
    expect(errors).toEqual([])
    return data?.environment.deployments.totalCount
  }

  beforeAll(async () => {
    const { id, lastDeploymentNumber } = await slipway.database.environment.findFirstOrThrow({
      where: { name: 'production', project: { name: project.name } },
    })
    const candidate = await slipway.database.releaseCandidate.findFirstOrThrow({
      where: { projectId: await projectId() },
    })
    const total = 120
    await slipway.database.deployment.createMany({
      data: Array.from({ length: total - lastDeploymentNumber }, (_, index) => ({
        id: randomUUID(),
        projectId: candidate.projectId,
        environmentId: id,
        candidateId: candidate.id,
        number: lastDeploymentNumber + index + 1,
        status: 'SUCCESS' as const,
        actor: 'counter',
        createdAt: new Date(),
        startedAt: new Date(),
        finishedAt: new Date(),
        admittedAt: new Date(),
      })),
    })
    await slipway.database.environment.update({ where: { id }, data: { lastDeploymentNumber: total } })
  })

  const projectId = async () => (await slipway.database.project.findFirstOrThrow({ where: { name: project.name } })).id

  test.each(['', 'actor: "counter", ', 'status: [SUCCESS], '])('ends one above its limit (%s)', async filter => {
    const whole = await countOf(COUNT(filter))
    expect(whole).toBeGreaterThan(100)
    for (const limit of [1, 50, 99]) {
      expect(await countOf(COUNT(filter).replace('totalCount', `totalCount(limit: ${limit})`))).toBe(limit + 1)
    }
    for (const limit of ['null', 1_000]) {
      expect(await countOf(COUNT(filter).replace('totalCount', `totalCount(limit: ${limit})`))).toBe(whole)
    }
  })

  test.each([0, -5, 100_001])('takes no limit of %i', async limit => {
    const { errors } = await ask(COUNT('').replace('totalCount', `totalCount(limit: ${limit})`))
    expect(errors).toMatchObject([{ message: `Invalid limit: ${limit}`, extensions: { reason: 'INVALID_INPUT' } }])
  })

  test('costs by the rows that are read for it', async () => {
    const free = await ask(COUNT(''))
    const read = await ask(COUNT('actor: "counter", '))
    expect(read.cost).toBe(free.cost + 120 / 20)
  })
})
