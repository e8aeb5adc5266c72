import type { AddressInfo } from 'node:net'
import { connect, createServer, type Server } from 'node:net'

/** Stands between a server and PostgreSQL and counts the statements that are run. */
export interface StatementCounter {
  /** What to connect to instead of the database. */
  readonly databaseUrl: string
  readonly count: () => number
  close(): Promise<void>
}

/** PostgreSQL's messages that run a statement: a simple query, and the execution of a prepared one. */
const RUNS = new Set(['Q'.charCodeAt(0), 'E'.charCodeAt(0)])

export async function startStatementCounter(databaseUrl: string): Promise<StatementCounter> {
  const target = new URL(databaseUrl)
  let statements = 0
  const server: Server = createServer(client => {
    const upstream = connect(Number(target.port || 5432), target.hostname)
    let pending = Buffer.alloc(0)
    // The first message has no type: its length comes first.
    let typeBytes = 0
    client.on('data', chunk => {
      upstream.write(chunk)
      pending = Buffer.concat([pending, chunk])
      while (pending.length >= typeBytes + 4) {
        const length = typeBytes + pending.readInt32BE(typeBytes)
        if (pending.length < length) break
        if (typeBytes === 1 && RUNS.has(pending[0] ?? 0)) statements += 1
        pending = pending.subarray(length)
        typeBytes = 1
      }
    })
    upstream.pipe(client)
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      socket.on('error', () => other.destroy())
      socket.on('close', () => other.destroy())
    }
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const url = new URL(databaseUrl)
  url.hostname = '127.0.0.1'
  url.port = String((server.address() as AddressInfo).port)
  return {
    databaseUrl: url.href,
    count: () => statements,
    close: () => new Promise(resolve => server.close(() => resolve())),
  }
}
