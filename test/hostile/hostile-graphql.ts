import {
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql'
import type { Random } from '../support/random.js'
import type { HostileRequest } from './hostile-request.js'
import type { KnownValues } from './hostile-rest.js'
import { hostileText, hostileValue } from './hostile-values.js'

const SENSIBLE = 0.75
const DEEPEST = 7

/** Writes GraphQL requests in which something is mostly wrong. */
export class HostileGraphQL {
  private variables: Record<string, unknown> = {}
  private declarations: string[] = []
  private fields = 0

  constructor(
    private readonly schema: GraphQLSchema,
    private readonly known: KnownValues,
    private readonly random: Random,
  ) {}

  write(): HostileRequest {
    const { random } = this
    this.variables = {}
    this.declarations = []
    this.fields = 0
    const isMutation = random.chance(0.5)
    const type = isMutation ? this.schema.getMutationType() : this.schema.getQueryType()
    if (!isObjectType(type)) throw new Error('The schema has no such type')
    const selection = this.selection(type, 0)
    const declared = this.declarations.length > 0 ? `(${this.declarations.join(', ')})` : ''
    const query = this.damaged(`${isMutation ? 'mutation' : 'query'} Hostile${declared} ${selection}`)
    const request: Record<string, unknown> = { query, variables: this.variables }
    if (random.chance(0.05)) request['operationName'] = hostileValue(random)
    if (random.chance(0.03))
      request['extensions'] = random.pick([
        { persistedQuery: { version: 1, sha256Hash: hostileText(random) } },
        hostileValue(random),
      ])
    if (random.chance(0.02)) request['variables'] = hostileValue(random)
    if (random.chance(0.02)) request['query'] = hostileValue(random)
    const parameters = Object.entries(request).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : JSON.stringify(value),
    ])
    if (random.chance(0.1))
      return { method: 'GET', path: `/graphql?${new URLSearchParams(parameters)}`.slice(0, 12_000), body: undefined }
    return { method: 'POST', path: '/graphql', body: random.chance(0.02) ? [request, request] : request }
  }

  private selection(type: GraphQLNamedType, depth: number): string {
    const { random } = this
    if (!isObjectType(type)) return '{ __typename }'
    const fields = Object.values(type.getFields())
    const count = depth === 0 ? random.between(1, 3) : random.between(1, 5)
    const chosen = Array.from({ length: count }, () => this.field(random.pick(fields), depth))
    return `{ ${chosen.filter(text => text !== '').join(' ') || '__typename'} }`
  }

  private field(field: GraphQLField<unknown, unknown>, depth: number): string {
    const { random } = this
    this.fields += 1
    const type = getNamedType(field.type)
    const isLeaf = isLeafType(type)
    if (!isLeaf && (depth >= DEEPEST || this.fields > 60)) return ''
    const args = field.args
      .filter(argument => random.chance(isNonNullType(argument.type) ? 0.97 : 0.4))
      .map(argument => `${argument.name}: ${this.argument(argument)}`)
    const alias = `f${this.fields}: `
    const directive = random.chance(0.05)
      ? ` @${random.pick(['skip(if: false)', 'include(if: true)', 'skip', 'nothing', 'include(if: null)'])}`
      : ''
    return `${alias}${field.name}${args.length > 0 ? `(${args.join(', ')})` : ''}${directive} ${isLeaf ? '' : this.selection(type, depth + 1)}`
  }

  /** A variable, or seldom a value in the document. */
  private argument({ name, type }: GraphQLArgument): string {
    const { random } = this
    const value = this.value(name, type)
    if (random.chance(0.15)) return literal(value)
    const variable = `v${this.declarations.length}`
    this.declarations.push(`$${variable}: ${random.chance(0.98) ? String(type) : 'String'}`)
    if (random.chance(0.98)) this.variables[variable] = value
    return `$${variable}`
  }

  private value(name: string, type: GraphQLInputType): unknown {
    const { random } = this
    if (isNonNullType(type)) return this.value(name, type.ofType)
    if (!random.chance(SENSIBLE)) return hostileValue(random)
    if (isListType(type)) return Array.from({ length: random.between(0, 3) }, () => this.value(name, type.ofType))
    const named = getNamedType(type)
    if (isInputObjectType(named)) {
      const members = Object.values(named.getFields())
        .filter(member => random.chance(isNonNullType(member.type) ? 0.99 : 0.4))
        .map(member => [member.name, this.value(member.name, member.type)])
      return Object.fromEntries(members)
    }
    if (isEnumType(named)) return random.pick(named.getValues()).name
    const known = this.known[name]
    if (known !== undefined) return random.pick(known)
    if (named.name === 'Int') return random.between(-1, 150)
    if (named.name === 'Boolean') return random.chance(0.5)
    return hostileText(random)
  }

  /** Seldom some of its characters are gone, doubled or others. */
  private damaged(text: string): string {
    const { random } = this
    if (!random.chance(0.05)) return text
    const place = random.between(0, text.length)
    return `${text.slice(0, place)}${random.pick(['', '{', '}', '"', '...', '$', '\0', '#', '@', '🙂'])}${text.slice(place + random.between(0, 3))}`
  }
}

/** A JSON value as a document has it. Names that no document can hold are left out. */
function literal(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value).filter(([name]) => /^[_A-Za-z]\w*$/.test(name))
  return `{ ${members.map(([name, member]) => `${name}: ${literal(member)}`).join(', ')} }`
}
