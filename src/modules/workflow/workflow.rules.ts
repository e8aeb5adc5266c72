import { SlipwayError } from '../../core/errors.js'
import { isRepositoryName } from '../repository/repository-name.rules.js'
import { knownPlaceholders, type RunPurpose, unknownPlaceholders } from './placeholder.rules.js'
import type { Parameter } from './workflow.js'

const TIMEOUT_MINUTES = { default: 60, highest: 43_200 }
/** GitHub takes no more inputs than this; the other runners are held to it, too. */
export const MOST_PARAMETERS = 25
const LONGEST_VALUE = 1_000

/**
 * What workflow files written for Aviator Releases are started with, so that they run unchanged. Buildkite gets the
 * same as environment variables, in upper case.
 */
const DOCUMENTED_PARAMETERS: Readonly<Record<RunPurpose, readonly Parameter[]>> = {
  build: [
    { name: 'aviator_release_cut_id', value: '${candidate.id}' },
    { name: 'aviator_release_cut_commit_hash', value: '${candidate.commit}' },
    { name: 'aviator_release_candidate_version', value: '${candidate.version}' },
  ],
  deploy: [
    { name: 'aviator_deployment_id', value: '${deployment.id}' },
    { name: 'aviator_release_cut_commit_hash', value: '${candidate.commit}' },
    { name: 'aviator_release_candidate_version', value: '${candidate.version}' },
  ],
}

export function defaultParameters(
  runner: 'GITHUB_ACTIONS' | 'BUILDKITE' | 'WEBHOOK',
  purpose: RunPurpose,
): Parameter[] {
  if (runner === 'WEBHOOK') return []
  const rename = (name: string) => (runner === 'BUILDKITE' ? name.toUpperCase() : name)
  return DOCUMENTED_PARAMETERS[purpose].map(({ name, value }) => ({ name: rename(name), value }))
}

/** @throws SlipwayError `INVALID_INPUT` that names what is wrong with them */
export function checkParameters(parameters: readonly Parameter[], purpose: RunPurpose): readonly Parameter[] {
  if (parameters.length > MOST_PARAMETERS) throw refusal(`parameters: at most ${MOST_PARAMETERS} are possible`)
  for (const [index, { name, value }] of parameters.entries()) {
    if (!/^[A-Za-z_][A-Za-z0-9_-]{0,99}$/.test(name)) {
      throw refusal(`the parameter name "${name}"`, 'Expected a letter or "_", then letters, digits, "_" or "-".')
    }
    if (parameters.findIndex(other => other.name === name) < index)
      throw refusal(`the parameter ${name} is there twice`)
    if (value.length > LONGEST_VALUE) throw refusal(`the parameter ${name} is longer than ${LONGEST_VALUE} characters`)
    if (value.includes('\0')) throw refusal(`the parameter ${name} contains the character U+0000`)
    const [unknown] = unknownPlaceholders(value, purpose)
    if (unknown !== undefined) {
      throw refusal(
        `the parameter ${name} has the unknown placeholder ${unknown}`,
        `In a ${purpose} workflow there are ${knownPlaceholders(purpose).join(', ')}.`,
      )
    }
  }
  return parameters
}

/** @throws SlipwayError `INVALID_INPUT` */
export function checkTimeout(minutes: number | null): number {
  if (minutes === null) return TIMEOUT_MINUTES.default
  if (minutes < 1 || minutes > TIMEOUT_MINUTES.highest) {
    throw refusal('timeoutMinutes', `Expected 1 to ${TIMEOUT_MINUTES.highest}.`)
  }
  return minutes
}

/** @throws SlipwayError `INVALID_INPUT` */
export function checkWorkflowFile(name: string): string {
  if (/^[\w.-]{1,200}$/.test(name) && !/^\.{1,2}$/.test(name)) return name
  throw refusal(
    `workflow "${name}"`,
    'Expected the name of a file in .github/workflows, such as deploy.yml, or the workflow’s number.',
  )
}

/** @throws SlipwayError `INVALID_INPUT` */
export function checkRepository(name: string): string {
  if (isRepositoryName(name)) return name
  throw refusal(`repository "${name}"`, 'Expected owner/repo, such as acme/shop.')
}

/** Beside single characters: a dash or slash at the beginning, empty or dotted parts, and what git means otherwise. */
const FORBIDDEN_IN_REFS = /^[-/]|\.\.|@\{|^@$|\/\/|(^|\/)\.|\.(lock)?(\/|$)|\/$/

/** Checks a branch or tag: what git refuses in every reference is refused here (git-check-ref-format). */
export function checkRef(field: 'ref' | 'branch', name: string | null): string | null {
  if (name === null || (/^[^\s\p{Cc}~^:?*[\\]{1,250}$/u.test(name) && !FORBIDDEN_IN_REFS.test(name))) return name
  throw refusal(`${field} "${name}"`, 'Expected the name of a branch or tag.')
}

/** @throws SlipwayError `INVALID_INPUT` */
export function checkSlug(field: 'organization' | 'pipeline', slug: string): string {
  if (/^[A-Za-z0-9][\w.-]{0,99}$/.test(slug)) return slug
  throw refusal(`${field} "${slug}"`, 'Expected its slug, as it stands in the URLs of Buildkite.')
}

/** @throws SlipwayError `INVALID_INPUT` */
export function checkWebhookUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '') return url.href
  throw refusal('url', 'Expected an https or http URL without a user and a password in it.')
}

/** Checks a signing secret (Standard Webhooks 1.0): 24 to 64 bytes. The error does not repeat it. */
export function checkWebhookSecret(secret: string): string {
  const [, encoded] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret) ?? []
  const bytes = encoded === undefined ? 0 : Buffer.from(encoded, 'base64').length
  if (bytes >= 24 && bytes <= 64) return secret
  throw refusal('secret', 'Expected whsec_ and 24 to 64 bytes in base64, such as `openssl rand -base64 32` prints.')
}

export function refusal(what: string, details?: string): SlipwayError {
  const message = `Invalid workflow: ${what}`
  return new SlipwayError('INVALID_INPUT', { message, ...(details !== undefined && { details }) })
}
