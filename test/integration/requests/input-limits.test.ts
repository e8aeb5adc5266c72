import {
  type GraphQLArgument,
  type GraphQLInputField,
  type GraphQLInputType,
  type GraphQLObjectType,
  getNamedType,
  getNullableType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql'
import { beforeAll, describe, expect, test } from 'vitest'
import { createSchema } from '../../../src/graphql/schema.js'
import { DEPLOYMENT_ROUTES } from '../../../src/rest/deployment.routes.js'
import { RELEASE_ROUTES } from '../../../src/rest/release.routes.js'
import { createProject, type SeededEnvironment, type SeededProject } from '../../support/seed.js'
import { unique, useSlipway } from '../../support/slipway.js'

const slipway = useSlipway()
const schema = createSchema()
const FAR_TOO_LONG = 'x'.repeat(500_000)

/** A place in the schema that takes text: an argument, or a member of an input at some depth. */
interface TextPlace {
  /** How an error names it. */
  readonly name: string
  readonly isList: boolean
  /** A document with one variable for the argument, and the value of that variable. */
  readonly query: string
  readonly value: (text: unknown) => unknown
}

const SAMPLES: Readonly<Record<string, unknown>> = {
  String: 'x',
  ID: 'deployment_01kaz0000000000000000000aa',
  Int: 1,
  Boolean: false,
  DateTime: '2026-11-23T18:00:00Z',
}

/** A value that fits the type, with nothing in it that need not be there. */
function sample(type: GraphQLInputType): unknown {
  const nullable = getNullableType(type)
  if (isListType(nullable)) return []
  const named = getNamedType(type)
  if (isEnumType(named)) return named.getValues()[0]?.name
  if (!isInputObjectType(named)) return SAMPLES[named.name]
  const required = Object.values(named.getFields()).filter(
    field => isNonNullType(field.type) && field.defaultValue === undefined,
  )
  return Object.fromEntries(required.map(field => [field.name, sample(field.type)]))
}

/** The places for text in a value: how an error names each, and the value with a text put there. */
function* placesIn(
  { type }: GraphQLArgument | GraphQLInputField,
  name: string,
): Generator<Pick<TextPlace, 'name' | 'isList' | 'value'>> {
  const isList = isListType(getNullableType(type))
  const named = getNamedType(type)
  if (named.name === 'String' || named.name === 'ID')
    yield { name, isList, value: text => (isList ? [text].flat() : text) }
  if (!isInputObjectType(named)) return
  for (const member of Object.values(named.getFields())) {
    for (const place of placesIn(member, name === '' ? member.name : `${name}.${member.name}`)) {
      const value = (text: unknown) => ({ ...(sample(named) as object), [member.name]: place.value(text) })
      yield { ...place, value: isList ? text => [value(text)] : value }
    }
  }
}

/** The places for text in the arguments of all fields, each with a way to its field from the root. */
function* textPlaces(): Generator<TextPlace> {
  const seen = new Set<GraphQLObjectType>()
  const ahead: { type: GraphQLObjectType; around: (selection: string) => string }[] = [
    { type: schema.getQueryType() as GraphQLObjectType, around: selection => `{ ${selection} }` },
    { type: schema.getMutationType() as GraphQLObjectType, around: selection => `{ ${selection} }` },
  ]
  for (const { type, around } of ahead) {
    if (seen.has(type)) continue
    seen.add(type)
    const operation = type === schema.getMutationType() ? 'mutation' : 'query'
    for (const field of Object.values(type.getFields())) {
      const named = getNamedType(field.type)
      const below = 'getFields' in named ? ' { __typename }' : ''
      for (const argument of field.args) {
        const prefix = isInputObjectType(getNullableType(argument.type)) ? '' : argument.name
        const others = field.args.filter(
          other => other !== argument && isNonNullType(other.type) && other.defaultValue === undefined,
        )
        const given = others.map(other => `, ${other.name}: ${JSON.stringify(sample(other.type))}`).join('')
        const selection = `${field.name}(${argument.name}: $value${given})${below}`
        for (const place of placesIn(argument, prefix)) {
          yield { ...place, query: `${operation} ($value: ${argument.type}) ${around(selection)}` }
        }
      }
      if (!isObjectType(named) || operation === 'mutation') continue
      const required = field.args.filter(
        argument => isNonNullType(argument.type) && argument.defaultValue === undefined,
      )
      const given = required.map(argument => `${argument.name}: ${JSON.stringify(sample(argument.type))}`).join(', ')
      ahead.push({
        type: named,
        around: selection => around(`${field.name}${given && `(${given})`} { ${selection} }`),
      })
    }
  }
}

const PLACES = [...textPlaces()]

describe('a text of 500,000 characters', () => {
  test('has many places where it could be taken in', () => {
    expect(PLACES.length).toBeGreaterThan(80)
  })

  test.each(PLACES.map(place => [`${place.name} of ${place.query}`, place] as const))(
    'is refused as %s',
    async (_title, { query, name, value }) => {
      const { status, data, errors } = await slipway.as().graphql(query, { value: value(FAR_TOO_LONG) })
      expect({ status, data }).toEqual({ status: 400, data: undefined })
      const [error] = errors
      expect(error?.extensions['code']).toMatch(/^(BAD_USER_INPUT|NOT_FOUND)$/)
      expect(`${error?.message} ${error?.extensions['details']}`).toContain(`${name} is longer than `)
    },
  )

  test.each(PLACES.filter(({ isList }) => isList).map(place => [place.name, place] as const))(
    'nor may 501 texts be a list: %s',
    async (name, { query, value }) => {
      const { status, errors } = await slipway
        .as()
        .graphql(query, { value: value(Array.from({ length: 501 }, String)) })
      expect(status).toBe(400)
      expect(errors).toMatchObject([{ message: `${name} has more than 500 items` }])
    },
  )
})

describe('over REST', () => {
  let project: SeededProject
  let environment: SeededEnvironment
  beforeAll(async () => {
    project = await createProject(slipway)
    environment = await project.createEnvironment()
    await project.cut('v1-rc1')
  })

  const SAMPLE_BODY: Readonly<Record<string, unknown>> = { commit: 'abcdef1', release_candidate_version: 'v1-rc1' }
  const OWN_ERRORS: Readonly<Record<string, string>> = {
    repo: 'GitHub repository not found',
    commit: 'Invalid commit hash',
    release_candidate_version: 'Invalid release candidate version',
    status: 'Invalid deployment status',
  }
  const ROUTES = [...RELEASE_ROUTES, ...DEPLOYMENT_ROUTES]
  const MEMBERS = ROUTES.flatMap(route => {
    const members = Object.keys((route.schemas.body as { properties?: object } | undefined)?.properties ?? {})
    return members.map(member => [route.method, route.path, member, members] as const)
  })

  test('there are members of bodies to try', () => {
    expect(MEMBERS.length).toBeGreaterThan(15)
  })

  test.each(MEMBERS)('%s %s refuses 500,000 characters as %s', async (method, path, member, members) => {
    const url = path
      .replace(':project', project.name)
      .replace(':environment', environment.name)
      .replace(':candidate_version', 'v1-rc1')
    const others = members.filter(
      other => other !== member && !['force', 'trigger_build_workflow', 'occurred_at'].includes(other),
    )
    const status = path.includes('/releases/:candidate') ? 'ready' : 'success'
    const rest = others.map(other => [other, other === 'status' ? status : (SAMPLE_BODY[other] ?? 'x')])
    const body = { ...Object.fromEntries(rest), [member]: FAR_TOO_LONG }
    const answer = await slipway.as().rest(method, url, body)
    expect(answer.status).toBe(member === 'repo' ? 404 : 400)
    expect(answer.body['error']).toEqual(
      OWN_ERRORS[member] ?? expect.stringMatching(`^${member} (must be|is longer than) `),
    )
    expect(JSON.stringify(answer.body).length).toBeLessThan(1_000)
  })

  test('a report keeps a message of 4,000 characters, and says of a longer one what is wrong', async () => {
    expect(await environment.report('v1-rc1', 'failure', { error_message: '🚢'.repeat(4_000) })).toMatchObject({
      status: 200,
      body: { error_message: '🚢'.repeat(4_000) },
    })
    expect(await environment.report('v1-rc1', 'failure', { error_message: 'x'.repeat(4_001) })).toMatchObject({
      status: 400,
      body: { error: 'error_message is longer than 4,000 characters', code: 'INVALID_INPUT' },
    })
  })

  test('what has an error of its own when it is malformed has it also when it is too long', async () => {
    const body = { repo: project.repository, commit: 'a'.repeat(5_000) }
    expect(await slipway.as().rest('POST', `/api/releases/${project.name}/releases/v9-rc1`, body)).toMatchObject({
      status: 400,
      body: { error: 'Invalid commit hash' },
    })
    expect(await environment.deploy(`v${'1'.repeat(5_000)}-rc1`)).toMatchObject({
      status: 400,
      body: { error: 'Invalid release candidate version' },
    })
  })
})

test('the ID of a token, which is indexed, has at most 255 characters', async () => {
  const revoke = (tokenId: string) =>
    slipway
      .as()
      .graphql('mutation ($id: String!) { revokeToken(input: { tokenId: $id }) { tokenId } }', { id: tokenId })
  const longest = unique('t').padEnd(255, 'é')
  expect((await revoke(longest)).data).toEqual({ revokeToken: { tokenId: longest } })
  expect((await revoke(`${longest}x`)).errors).toMatchObject([
    { message: 'tokenId is longer than 255 characters', extensions: { code: 'BAD_USER_INPUT' } },
  ])
})
