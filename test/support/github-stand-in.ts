import { generateKeyPairSync } from 'node:crypto'
import { createRequire } from 'node:module'
import { createVerifier } from 'fast-jwt'
import {
  type StandInAnswer,
  type StandInEvent,
  StandInGitHub,
  type StandInRequest,
} from '../../src/demo/stand-in-github.js'
import { readGitHubDescription } from './github-description.js'

/** What the stand-in does with a request: gives an answer of its own, or `undefined` for the usual one. */
type Interference = (
  request: StandInRequest,
  answer: () => StandInAnswer,
) => StandInAnswer | 'hang' | 'drop' | undefined

/** A GitHub on loopback. What does not fit GitHub's own description, asked or answered, is kept in `faults`. */
export interface GitHubStandIn {
  readonly url: string
  readonly app: { readonly id: number; readonly privateKey: string }
  /** Commits of `acme/shop`, and the names of its branches with theirs. */
  readonly commits: string[]
  readonly branches: Map<string, string>
  readonly workflows: StandInGitHub['workflows']
  readonly runs: StandInGitHub['runs']
  /** Its runs begin, end and are run again by these. */
  readonly actions: Pick<StandInGitHub, 'begin' | 'finish' | 'rerun' | 'forget'>
  /** What was asked, such as `GET /repos/{owner}/{repo}`, with its `Authorization`. */
  readonly requests: { readonly operation: string; readonly authorization: string | undefined }[]
  readonly faults: string[]
  interfere: Interference
  onEvent: (event: StandInEvent) => void
  stop(): Promise<void>
}

const APP_ID = 4711
const INSTALLATION_ID = 815

/** What has been published of a `workflow_run` event. */
const EVENT_EXAMPLE = (
  createRequire(import.meta.url)('@octokit/webhooks-examples') as {
    name: string
    examples: { workflow_run: Record<string, unknown> }[]
  }[]
).find(({ name }) => name === 'workflow_run')?.examples[1]?.workflow_run

export async function startGitHubStandIn(): Promise<GitHubStandIn> {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  })
  const verifyAppToken = createVerifier({ key: publicKey, algorithms: ['RS256'] })
  const missing = { status: 404, body: { message: 'Not Found', documentation_url: 'https://docs.github.com/rest' } }
  const asApp = ({ authorization = '' }: StandInRequest, answer: () => StandInAnswer): StandInAnswer => {
    try {
      const { iss } = verifyAppToken(authorization.replace(/^bearer /i, '')) as { iss: unknown }
      if (String(iss) !== String(APP_ID)) throw new Error('Another app')
    } catch {
      return { status: 401, body: { ...missing.body, message: 'A JSON web token could not be decoded' } }
    }
    return answer()
  }

  const description = readGitHubDescription()
  const requests: GitHubStandIn['requests'] = []
  const faults: string[] = []
  const github = await StandInGitHub.start({
    example: operation => {
      if (operation === 'event workflow_run') return { ...EVENT_EXAMPLE }
      const { source: _source, ...example } = description.operation(operation).example()
      // GitHub's example of a repository lacks what its description requires.
      return operation === 'GET /repos/{owner}/{repo}' ? { ...example, language: null } : example
    },
    routes: [
      [
        /^GET \/repos\/(?<owner>[^/]+)\/(?<repo>[^/]+)\/installation$/,
        'GET /repos/{owner}/{repo}/installation',
        request =>
          asApp(request, () => {
            const isShop = `${request.path['owner']}/${request.path['repo']}` === 'acme/shop'
            const example = description.operation(request.operation).example()
            return isShop ? { status: 200, body: { ...example, id: INSTALLATION_ID } } : missing
          }),
      ],
      [
        /^POST \/app\/installations\/(?<installation_id>[^/]+)\/access_tokens$/,
        'POST /app/installations/{installation_id}/access_tokens',
        request =>
          asApp(request, () => ({
            status: 201,
            body: {
              ...description.operation(request.operation).example(),
              token: 'ghs_installation',
              expires_at: new Date(Date.now() + 3_600_000).toISOString(),
            },
          })),
      ],
    ],
    interfere: (request, answer) => {
      const { operation, path, query, body, authorization } = request
      const described = description.operation(operation)
      requests.push({ operation, authorization })
      faults.push(...described.requestFaults({ ...path }, query, body))
      const given = standIn.interfere(request, answer) ?? answer()
      if (given === 'hang' || given === 'drop') return given
      // Limits, bad credentials, failures and what is not there are described for all operations at once, elsewhere.
      const isGeneral = [304, 401, 403, 404, 422, 429].includes(given.status) || given.status >= 500
      if (described.describes(given.status) || !isGeneral)
        faults.push(...described.answerFaults(given.status, given.body))
      return given
    },
    onUnknown: call => faults.push(`GitHub has no ${call}, or the stand-in does not play it`),
    onEvent: event => standIn.onEvent(event),
  })
  const standIn: GitHubStandIn = {
    url: github.url,
    app: { id: APP_ID, privateKey },
    commits: github.commits,
    branches: github.branches,
    workflows: github.workflows,
    runs: github.runs,
    actions: github,
    requests,
    faults,
    interfere: () => undefined,
    onEvent: () => {},
    stop: () => github.stop(),
  }
  return standIn
}
