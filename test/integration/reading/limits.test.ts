import { expect, test } from 'vitest'
import { createProject } from '../../support/seed.js'
import { unique, useSlipway } from '../../support/slipway.js'

const slipway = useSlipway()

const deep = (levels: number) =>
  `{ project(name: "shop") { ${'environment(name: "production") { project { '.repeat(levels)} name ${'} }'.repeat(levels)} } }`

const TOO_LARGE: readonly [string, string, RegExp, RegExp][] = [
  [
    'objects',
    '{ projects(first: 100) { nodes { releases(first: 100) { nodes { candidates { commit } } } } } }',
    /^Query is too large: more than 20000 objects, reached at projects\.nodes\.releases\.nodes\.candidates$/,
    /smaller pages with `first`/,
  ],
  ['levels', deep(9), /^Query is too large: deeper than 16 levels at project\.environment/, /by `node\(id:\)`/],
  [
    'aliases',
    `{ ${Array.from({ length: 101 }, (_, index) => `a${index}: viewer { role }`).join(' ')} }`,
    /^Query is too large: more than 100 aliases$/,
    /another request/,
  ],
  [
    'objects by fragments that double',
    `{ projects(first: 1) { nodes { ...F0 } } } ${Array.from(
      { length: 7 },
      (_, index) =>
        `fragment F${index} on Project { environments { project { ...F${index + 1} } } releases(first: 1) { nodes { project { ...F${index + 1} } } } }`,
    ).join(' ')} fragment F7 on Project { name }`,
    /^Query is too large: /,
    /./,
  ],
]

test.each(TOO_LARGE)(
  'a query of too many %s is refused, with what to ask instead',
  async (_what, query, message, details) => {
    const { status, data, errors } = await slipway.as().graphql(query)
    expect(status).toBe(400)
    expect(data).toBeUndefined()
    expect(errors).toMatchObject([
      {
        message: expect.stringMatching(message),
        extensions: { code: 'BAD_USER_INPUT', reason: 'QUERY_TOO_LARGE', details: expect.stringMatching(details) },
      },
    ])
  },
)

test('a document of too many tokens is not even parsed', async () => {
  const { status, errors } = await slipway.as().graphql(`{ viewer { ${'role '.repeat(4_000)} } }`)
  expect(status).toBe(400)
  expect(errors).toMatchObject([
    { message: expect.stringContaining('4000 tokens'), extensions: { code: 'GRAPHQL_PARSE_FAILED' } },
  ])
})

test.each([101, 1_000_000_000, -1])('a page of %i is refused where it is asked for', async first => {
  const { status, errors } = await slipway
    .as()
    .graphql('query ($first: Int) { projects { nodes { releases(first: $first) { totalCount } } } }', { first })
  expect(status).toBe(400)
  expect(errors).toMatchObject([
    {
      message: `Invalid first: ${first}`,
      extensions: { reason: 'INVALID_INPUT', details: expect.stringContaining('projects.nodes.releases') },
    },
  ])
})

test('a mutation whose answer would be too large does nothing', async () => {
  const name = unique('large')
  const { status, errors } = await slipway
    .as()
    .graphql(
      `mutation ($input: CreateProjectInput!) { createProject(input: $input) { project { releases(first: 101) { totalCount } } } }`,
      { input: { name, repository: 'acme/shop' } },
    )
  expect(status).toBe(400)
  expect(errors).toHaveLength(1)
  expect(await slipway.as().query(`{ project(name: "${name}") { name } }`)).toEqual({ project: null })
})

test('what a query may cost is told with its answer', async () => {
  const { name } = await createProject(slipway)
  const costOf = async (selection: string) => {
    const response = await fetch(`${slipway.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        query: `query ($name: String!) { project(name: $name) { ${selection} } }`,
        variables: { name },
      }),
    })
    return ((await response.json()) as { extensions: { cost: object } }).extensions.cost
  }
  // The project itself is one, its connection another, and then each row of the page and its project.
  expect(await costOf('name')).toEqual({ requested: 1, budget: 20_000 })
  expect(await costOf('releases(first: 30) { nodes { project { name } } }')).toEqual({ requested: 62, budget: 20_000 })
  expect(await costOf('releases { nodes { version } }')).toEqual({ requested: 22, budget: 20_000 })
  expect(await costOf('releases(first: null) { nodes { version } }')).toEqual({ requested: 22, budget: 20_000 })
  // No project has more than one environment here; releases are counted twenty for one.
  expect(await costOf('environments { name }')).toEqual({ requested: 2, budget: 20_000 })
  expect(await costOf('releases(first: 0) { totalCount }')).toEqual({ requested: 2, budget: 20_000 })
  // Values beside the usual ones count as well, twenty for one.
  const aliases = Array.from({ length: 60 }, (_, index) => `a${index}: name`).join(' ')
  expect(await costOf(aliases)).toEqual({ requested: 4, budget: 20_000 })
})

test('the board of a hundred projects is within the budget', async () => {
  const { errors } = await slipway.as().graphql(`{ projects(first: 100) { nodes { name environments { name
    currentDeployment { status candidate { version } } activeDeployments(first: 5) { nodes { status candidate { version } } }
  } } } }`)
  expect(errors).toEqual([])
})
