import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { createVerifier } from 'fast-jwt'
import { type DescribedOperation, describedOperation } from './github-description.js'

interface StandInAnswer {
  readonly status: number
  readonly body: unknown
  readonly headers?: Record<string, string>
}

interface StandInRequest {
  readonly path: Record<string, string>
  readonly authorization: string | undefined
}

/** What the stand-in does with a request before it is answered: gives an answer of its own, or `undefined` for none. */
type Interference = (request: StandInRequest) => StandInAnswer | 'hang' | 'drop' | undefined

/** A GitHub on loopback. What does not fit GitHub's own description, asked or answered, is kept in `faults`. */
export interface GitHubStandIn {
  readonly url: string
  readonly app: { readonly id: number; readonly privateKey: string }
  /** Commits of `acme/shop`, and the names of its branches with theirs. */
  readonly commits: string[]
  readonly branches: Map<string, string>
  /** What was asked, such as `GET /repos/{owner}/{repo}`, with its `Authorization`. */
  readonly requests: { readonly operation: string; readonly authorization: string | undefined }[]
  readonly faults: string[]
  interfere: Interference
  stop(): Promise<void>
}

const APP_ID = 4711
const INSTALLATION_ID = 815
const message = (text: string, status: number) => ({
  message: text,
  documentation_url: 'https://docs.github.com/rest',
  status: String(status),
})

export async function startGitHubStandIn(): Promise<GitHubStandIn> {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  })
  const verifyAppToken = createVerifier({ key: publicKey, algorithms: ['RS256'] })
  const standIn: Omit<GitHubStandIn, 'url' | 'stop'> = {
    app: { id: APP_ID, privateKey },
    commits: [],
    branches: new Map(),
    requests: [],
    faults: [],
    interfere: () => undefined,
  }

  const isShop = ({ owner, repo }: Record<string, string>) => `${owner}/${repo}`.toLowerCase() === 'acme/shop'
  const missing = { status: 404, body: message('Not Found', 404) }
  const asApp = ({ authorization = '' }: StandInRequest, answer: () => StandInAnswer) => {
    try {
      const { iss } = verifyAppToken(authorization.replace(/^bearer /i, '')) as { iss: unknown }
      if (String(iss) !== String(APP_ID)) throw new Error('Another app')
    } catch {
      return { status: 401, body: message('A JSON web token could not be decoded', 401) }
    }
    return answer()
  }

  const routes: [RegExp, string, (request: StandInRequest, operation: DescribedOperation) => StandInAnswer][] = [
    [
      /^GET \/repos\/(?<owner>[^/]+)\/(?<repo>[^/]+)\/commits\/(?<ref>[^/]+)$/,
      'GET /repos/{owner}/{repo}/commits/{ref}',
      ({ path }, operation) => {
        if (!isShop(path)) return missing
        const { ref = '' } = path
        const matches = standIn.commits.filter(sha => sha.startsWith(ref))
        const sha = standIn.branches.get(ref) ?? (matches.length === 1 ? matches[0] : undefined)
        if (sha === undefined) return { status: 422, body: message(`No commit found for SHA: ${ref}`, 422) }
        // The file in the example lacks members that the description requires.
        return { status: 200, body: { ...operation.example(), sha, files: [] } }
      },
    ],
    [
      /^GET \/repos\/(?<owner>[^/]+)\/(?<repo>[^/]+)\/installation$/,
      'GET /repos/{owner}/{repo}/installation',
      (request, operation) =>
        asApp(request, () =>
          isShop(request.path) ? { status: 200, body: { ...operation.example(), id: INSTALLATION_ID } } : missing,
        ),
    ],
    [
      /^POST \/app\/installations\/(?<installation_id>[^/]+)\/access_tokens$/,
      'POST /app/installations/{installation_id}/access_tokens',
      (request, operation) =>
        asApp(request, () => ({
          status: 201,
          body: {
            ...operation.example(),
            token: 'ghs_installation',
            expires_at: new Date(Date.now() + 3_600_000).toISOString(),
          },
        })),
    ],
    [
      /^GET \/repos\/(?<owner>[^/]+)\/(?<repo>[^/]+)$/,
      'GET /repos/{owner}/{repo}',
      ({ path }, operation) => (isShop(path) ? { status: 200, body: operation.example() } : missing),
    ],
  ]

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url ?? '/', 'http://stand-in')
    const call = `${request.method} ${url.pathname.replace(/^\/api\/v3/, '')}`
    const body = request.method === 'POST' ? await json(request).catch(() => undefined) : undefined
    const route = routes.find(([pattern]) => pattern.test(call))
    if (route === undefined) {
      standIn.faults.push(`GitHub has no ${call}, or the stand-in does not play it`)
      response.writeHead(404).end()
      return
    }
    const [pattern, name, respond] = route
    const path = Object.fromEntries(
      Object.entries(pattern.exec(call)?.groups ?? {}).map(([key, value]) => [key, decodeURIComponent(value)]),
    )
    const operation = describedOperation(name)
    const { authorization } = request.headers
    standIn.requests.push({ operation: name, authorization })
    standIn.faults.push(...operation.requestFaults(path, url.searchParams, body))
    const interference = standIn.interfere({ path, authorization })
    if (interference === 'hang') return
    if (interference === 'drop') {
      request.socket.destroy()
      return
    }
    const given = interference ?? respond({ path, authorization }, operation)
    // Limits, bad credentials and failures of GitHub's own are described for all operations at once, elsewhere.
    const isGeneral = [401, 403, 429].includes(given.status) || given.status >= 500
    if (!isGeneral) standIn.faults.push(...operation.answerFaults(given.status, given.body))
    response.writeHead(given.status, { 'content-type': 'application/json; charset=utf-8', ...given.headers })
    response.end(JSON.stringify(given.body))
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error: Error) => {
      standIn.faults.push(`The stand-in failed: ${error.message}`)
      response.destroy()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return Object.assign(standIn, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  })
}
