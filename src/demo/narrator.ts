import { setTimeout as sleep } from 'node:timers/promises'

const COLORS = process.stdout.isTTY
  ? { bold: '\u001b[1m', call: '\u001b[36m', good: '\u001b[32m', bad: '\u001b[33m', end: '\u001b[0m' }
  : { bold: '', call: '', good: '', bad: '', end: '' }

/** Makes real calls to a server and shows each with its answer, at a pace that can be read. */
export class Narrator {
  constructor(
    private readonly url: string,
    private readonly token: string,
    private readonly paceMs: number,
  ) {}

  /** Says what comes next. */
  say(text: string): void {
    console.log(`\n${COLORS.bold}${text}${COLORS.end}`)
  }

  /** Calls a REST route. */
  async rest(method: string, path: string, body: object): Promise<void> {
    console.log(`${COLORS.call}→ ${method} ${path}${COLORS.end}\n  ${JSON.stringify(body)}`)
    const response = await this.fetch(method, path, body)
    const color = response.ok ? COLORS.good : COLORS.bad
    console.log(`${color}← ${response.status}${COLORS.end} ${await response.text()}`)
    await sleep(this.paceMs)
  }

  /** Shows what is learned by itself, until `isOver` says that there is no more to come. */
  async watch(path: string, tell: (answer: never) => string, isOver: (told: string) => boolean): Promise<void> {
    let last = ''
    for (let count = 0; count < 600; count++) {
      const response = await this.fetch('GET', path)
      const told = tell((await response.json()) as never)
      if (told !== last) console.log(`${COLORS.good}…${COLORS.end} ${told}`)
      last = told
      if (isOver(told)) return
      await sleep(50)
    }
    throw new Error(`${path} stands still at ${last}`)
  }

  /**
   * Asks a GraphQL question.
   *
   * @throws Error when it is answered with errors
   */
  async graphql<Data>(query: string, variables: object = {}): Promise<Data> {
    console.log(`${COLORS.call}→ POST /graphql${COLORS.end}\n${indent(query.trim())}`)
    if (Object.keys(variables).length > 0) console.log(`  variables: ${JSON.stringify(variables)}`)
    const response = await this.fetch('POST', '/graphql', { query, variables })
    const answer = (await response.json()) as { data: Data; errors?: unknown }
    if (answer.errors !== undefined) throw new Error(JSON.stringify(answer.errors))
    console.log(`${COLORS.good}← ${response.status}${COLORS.end}\n${indent(JSON.stringify(answer.data, null, 2))}`)
    await sleep(this.paceMs)
    return answer.data
  }

  private fetch(method: string, path: string, body?: object): Promise<Response> {
    const authorization = `Bearer ${this.token}`
    if (body === undefined) return fetch(`${this.url}${path}`, { method, headers: { authorization } })
    const headers = { authorization, 'content-type': 'application/json' }
    return fetch(`${this.url}${path}`, { method, headers, body: JSON.stringify(body) })
  }
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, '  ')
}
