import type { Random } from '../support/random.js'
import type { HostileRequest } from './hostile-request.js'
import { encodeText, hostileText, hostileValue } from './hostile-values.js'

interface JsonSchema {
  readonly type?: string | readonly string[]
  readonly enum?: readonly unknown[]
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly anyOf?: readonly JsonSchema[]
}

interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly schema: JsonSchema }[]
  readonly requestBody?: { readonly content: { readonly 'application/json': { readonly schema: JsonSchema } } }
}

/** As much of an OpenAPI document as requests are made of. */
export interface RestDescription {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}

/** What the parameters and members of requests may sensibly be, by their names. */
export type KnownValues = Readonly<Record<string, readonly unknown[]>>

/** How often a value is what is asked for. */
const SENSIBLE = 0.7

/** Writes requests to the REST API in which something is mostly wrong. */
export class HostileRest {
  private readonly operations: readonly (readonly [method: string, path: string, operation: Operation])[]

  constructor(
    description: RestDescription,
    private readonly known: KnownValues,
    private readonly random: Random,
  ) {
    this.operations = Object.entries(description.paths).flatMap(([path, operations]) =>
      Object.entries(operations).map(([method, operation]) => [method.toUpperCase(), path, operation] as const),
    )
  }

  write(): HostileRequest {
    const { random } = this
    const [method, path, { parameters = [], requestBody }] = random.pick(this.operations)
    const query = new URLSearchParams()
    for (const { name, in: place, schema } of parameters) {
      if (place === 'query' && random.chance(0.5)) query.append(name, textOf(this.value(name, schema)))
    }
    const filled = path.replaceAll(/\{(\w+)\}/g, (_match, name: string) =>
      encodePath(textOf(this.value(name, { type: 'string' }))),
    )
    const schema = requestBody?.content['application/json'].schema
    return {
      method: random.chance(0.02) ? random.pick(['PUT', 'DELETE', 'OPTIONS', 'POST', 'PATCH', 'GET']) : method,
      path: query.size > 0 ? `${filled}?${query}` : filled,
      body: schema === undefined ? undefined : this.body(schema),
    }
  }

  private body(schema: JsonSchema): unknown {
    const { random } = this
    if (random.chance(0.05)) return hostileValue(random)
    const members = Object.entries(schema.properties ?? {})
      .filter(([name]) => random.chance(schema.required?.includes(name) ? 0.97 : 0.5))
      .map(([name, member]) => [name, this.value(name, member)])
    if (random.chance(0.05)) members.push([hostileText(random), hostileValue(random)])
    return Object.fromEntries(members)
  }

  private value(name: string, schema: JsonSchema): unknown {
    const { random } = this
    if (!random.chance(SENSIBLE)) return hostileValue(random)
    const known = this.known[name] ?? schema.enum
    if (known !== undefined) return random.pick(known)
    const type = random.pick([schema.type ?? 'string'].flat())
    switch (type) {
      case 'boolean':
        return random.chance(0.5)
      case 'integer':
        return random.between(-1, 120)
      case 'null':
        return null
      case 'object':
        return this.body(schema)
      default:
        return hostileText(random)
    }
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** Dots alone would be taken for steps. */
function encodePath(text: string): string {
  return encodeText(text).replaceAll('.', '%2E').slice(0, 10_000)
}
