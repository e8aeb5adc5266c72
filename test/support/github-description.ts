import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { Ajv } from 'ajv'
import addFormats from 'ajv-formats'

interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query' | 'header'
  readonly required?: boolean
  readonly schema: object
}
interface Media {
  readonly schema?: object
  readonly examples?: Readonly<Record<string, { readonly value: Record<string, unknown> }>>
}
interface Operation {
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: { readonly content: Readonly<Record<string, Media>> }
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, Media>> }>>
}

/** An operation of GitHub's REST API, as GitHub itself describes it. */
export class DescribedOperation {
  private readonly ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false, coerceTypes: true })

  constructor(
    readonly name: string,
    private readonly operation: Operation,
  ) {
    addFormats.default(this.ajv)
  }

  /** What in a request does not fit. */
  requestFaults(path: Record<string, string>, query: URLSearchParams, body: unknown): string[] {
    const faults: string[] = []
    const parameters = this.operation.parameters ?? []
    for (const [name, value] of Object.entries(path))
      faults.push(...this.parameterFaults(parameters, 'path', name, value))
    for (const [name, value] of query) faults.push(...this.parameterFaults(parameters, 'query', name, value))
    const schema = this.operation.requestBody?.content['application/json']?.schema
    if (body !== undefined && schema !== undefined) faults.push(...this.faults(schema, body, 'body'))
    return faults
  }

  /** Whether it says what an answer of this status is like. */
  describes(status: number): boolean {
    return this.operation.responses[status] !== undefined
  }

  /** What in an answer does not fit. */
  answerFaults(status: number, body: unknown): string[] {
    const response = this.operation.responses[status]
    if (response === undefined) return [`${this.name} is never answered with ${status}`]
    const schema = response.content?.['application/json']?.schema
    return schema === undefined ? [] : this.faults(schema, body, `answer ${status}`)
  }

  /** The answer that GitHub gives as an example of success. */
  example(): Record<string, unknown> {
    const [, success] = Object.entries(this.operation.responses).find(([status]) => status.startsWith('2')) ?? []
    const [example] = Object.values(success?.content?.['application/json']?.examples ?? {})
    if (example === undefined) throw new Error(`${this.name} has no example`)
    return structuredClone(example.value)
  }

  private parameterFaults(parameters: readonly Parameter[], where: string, name: string, value: string): string[] {
    const parameter = parameters.find(known => known.in === where && known.name === name)
    if (parameter === undefined) return [`${this.name} has no ${where} parameter ${name}`]
    return this.faults(parameter.schema, value, name)
  }

  private faults(schema: object, value: unknown, what: string): string[] {
    const check = this.ajv.compile(schema)
    return check(value) ? [] : [`${this.name}: ${what}: ${this.ajv.errorsText(check.errors)}`]
  }
}

let paths: Record<string, Record<string, Operation>> | undefined

/** Looks an operation up, such as `GET /repos/{owner}/{repo}`. */
export function describedOperation(name: string): DescribedOperation {
  const [method = '', path = ''] = name.split(' ')
  paths ??= readPaths()
  const operation = paths[path]?.[method.toLowerCase()]
  if (operation === undefined) throw new Error(`GitHub does not describe ${name}`)
  return new DescribedOperation(name, operation)
}

function readPaths(): Record<string, Record<string, Operation>> {
  const file = createRequire(import.meta.url).resolve('@octokit/openapi/generated/api.github.com.deref.json')
  // OpenAPI 3.0 says `nullable` also where JSON Schema has no type to make nullable.
  return JSON.parse(readFileSync(file, 'utf8'), (_key, value) => {
    if (value?.nullable !== true || value.type !== undefined) return value
    const { nullable: _nullable, ...schema } = value
    return { anyOf: [schema, { type: 'null' }] }
  }).paths
}
