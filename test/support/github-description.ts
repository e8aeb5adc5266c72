import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { Ajv } from 'ajv'
import addFormats from 'ajv-formats'

/** A part of the description, and the JSON pointer that leads to it. */
interface Place {
  readonly part: Readonly<Record<string, unknown>>
  readonly pointer: string
}

/** Under this name the description's schemas refer to one another. */
const DESCRIPTION = 'github'

/** GitHub's description of its REST API. */
class GitHubDescription {
  private readonly ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false, coerceTypes: true })
  private readonly root: Place = { part: readDescription(), pointer: '#' }
  private readonly operations = new Map<string, DescribedOperation>()

  constructor() {
    addFormats.default(this.ajv)
    this.ajv.addSchema(this.root.part, DESCRIPTION)
  }

  /** An operation such as `GET /repos/{owner}/{repo}`. */
  operation(name: string): DescribedOperation {
    const [method = '', path = ''] = name.split(' ')
    const place = this.find(this.root, 'paths', path, method.toLowerCase())
    if (place === undefined) throw new Error(`GitHub does not describe ${name}`)
    const operation = this.operations.get(name) ?? new DescribedOperation(name, this, place)
    this.operations.set(name, operation)
    return operation
  }

  /** What is found by these keys below a place; references are followed. */
  find(from: Place, ...keys: readonly string[]): Place | undefined {
    let at: Place | undefined = from
    for (const key of keys) at = at && this.child(at, key)
    return at
  }

  /** What in a value does not fit a schema; null when it fits. */
  faults({ pointer }: Place, value: unknown): string | null {
    const check = this.ajv.getSchema(`${DESCRIPTION}${pointer}`)
    if (check === undefined) throw new Error(`GitHub describes no schema at ${pointer}`)
    return check(value) ? null : this.ajv.errorsText(check.errors)
  }

  private child({ part, pointer }: Place, key: string): Place | undefined {
    const found = part[key] as Place['part'] | undefined
    const reference = found?.['$ref']
    if (typeof reference === 'string') return this.find(this.root, ...reference.split('/').slice(1))
    const escaped = encodeURIComponent(key.replaceAll('~', '~0').replaceAll('/', '~1'))
    return found && { part: found, pointer: `${pointer}/${escaped}` }
  }
}

/** An operation of GitHub's REST API, as GitHub itself describes it. */
class DescribedOperation {
  constructor(
    readonly name: string,
    private readonly description: GitHubDescription,
    private readonly place: Place,
  ) {}

  /** What in a request does not fit. */
  requestFaults(path: Record<string, string>, query: URLSearchParams, body: unknown): string[] {
    const faults: string[] = []
    for (const [name, value] of Object.entries(path)) faults.push(...this.parameterFaults('path', name, value))
    for (const [name, value] of query) faults.push(...this.parameterFaults('query', name, value))
    const schema = this.description.find(this.place, 'requestBody', 'content', 'application/json', 'schema')
    if (body !== undefined && schema !== undefined) faults.push(...this.faults(schema, body, 'body'))
    return faults
  }

  /** Whether it says what an answer of this status is like. */
  describes(status: number): boolean {
    return this.response(status) !== undefined
  }

  /** What in an answer does not fit. */
  answerFaults(status: number, body: unknown): string[] {
    const response = this.response(status)
    if (response === undefined) return [`${this.name} is never answered with ${status}`]
    const schema = this.description.find(response, 'content', 'application/json', 'schema')
    return schema === undefined ? [] : this.faults(schema, body, `answer ${status}`)
  }

  /** The answer that GitHub gives as an example of success. */
  example(): Record<string, unknown> {
    const statuses = Object.keys(this.description.find(this.place, 'responses')?.part ?? {})
    const success = statuses.find(status => status.startsWith('2')) ?? ''
    const examples = this.description.find(this.place, 'responses', success, 'content', 'application/json', 'examples')
    const [first = ''] = Object.keys(examples?.part ?? {})
    const example = examples && this.description.find(examples, first, 'value')
    if (example === undefined) throw new Error(`${this.name} has no example`)
    return structuredClone(example.part)
  }

  private response(status: number): Place | undefined {
    return this.description.find(this.place, 'responses', String(status))
  }

  private parameterFaults(where: string, name: string, value: string): string[] {
    const parameters = this.description.find(this.place, 'parameters')
    const found = Object.keys(parameters?.part ?? {})
      .flatMap(index => (parameters && this.description.find(parameters, index)) ?? [])
      .find(({ part }) => part['in'] === where && part['name'] === name)
    const schema = found && this.description.find(found, 'schema')
    if (schema === undefined) return [`${this.name} has no ${where} parameter ${name}`]
    return this.faults(schema, value, name)
  }

  private faults(schema: Place, value: unknown, what: string): string[] {
    const faults = this.description.faults(schema, value)
    return faults === null ? [] : [`${this.name}: ${what}: ${faults}`]
  }
}

let description: GitHubDescription | undefined

/** Reads GitHub's description, once in a process. That takes seconds on a slow machine: not while a client waits. */
export function readGitHubDescription(): GitHubDescription {
  description ??= new GitHubDescription()
  return description
}

function readDescription(): Place['part'] {
  const file = createRequire(import.meta.url).resolve('@octokit/openapi/generated/api.github.com.json')
  // OpenAPI 3.0 says `nullable` also where JSON Schema has no type to make nullable.
  return JSON.parse(readFileSync(file, 'utf8'), (_key, value) => {
    if (value?.nullable !== true || value.type !== undefined) return value
    const { nullable: _nullable, ...schema } = value
    return { anyOf: [schema, { type: 'null' }] }
  })
}
