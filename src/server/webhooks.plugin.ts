import { createHash } from 'node:crypto'
import { verify } from '@octokit/webhooks-methods'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { SlipwayError } from '../core/errors.js'
import { isStorable } from '../core/storable-text.js'
import { cutText } from '../core/text.js'
import type { Database } from '../database/client.js'
import { readBuildkiteEvent } from '../modules/delivery/buildkite-event.js'
import { acceptEvent, type Receipt } from '../modules/delivery/delivery.service.js'
import { readGitHubEvent } from '../modules/delivery/github-event.js'
import type { ProviderEvent } from '../modules/delivery/provider-event.js'
import { isSignedByBuildkite } from '../modules/delivery/signature.rules.js'
import { readJsonText } from './json-body.js'

/** What providers show or sign their events with; undefined: none of theirs are taken. */
export interface WebhookSecrets {
  readonly github: string | undefined
  readonly buildkite: string | undefined
}

interface WebhooksOptions {
  readonly database: Database
  readonly secrets: WebhookSecrets
}

/** A reason may repeat what the provider calls the event. */
const LONGEST_REASON = 200

type EventRequest = FastifyRequest<{ Body: Buffer }>

/**
 * Takes the events of GitHub and Buildkite: checks that they are theirs, stores them and answers at once. What they mean
 * is found out by a job. A faulty event changes nothing.
 */
export async function webhooksPlugin(app: FastifyInstance, { database, secrets }: WebhooksOptions): Promise<void> {
  // A signature is over the bytes that were sent.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))

  app.post('/webhooks/github', { schema: { hide: true } }, async (request: EventRequest, reply) => {
    const secret = required(secrets.github, 'GITHUB_WEBHOOK_SECRET')
    const body = request.body ?? Buffer.alloc(0)
    const signature = header(request, 'x-hub-signature-256')
    const isSigned = signature && body.length > 0 && (await verify(secret, body.toString('utf8'), signature))
    if (!isSigned) refuse('X-Hub-Signature-256')
    const event = header(request, 'x-github-event')
    if (event !== 'workflow_run') return ignore(reply, `The event ${event ?? 'without a name'} says nothing of a run`)
    const deliveryId = header(request, 'x-github-delivery')
    if (deliveryId === undefined) throw invalid('X-GitHub-Delivery is missing')
    return accept(reply, 'github', deliveryId, readGitHubEvent(parse(request, body)))
  })

  app.post('/webhooks/buildkite', { schema: { hide: true } }, async (request: EventRequest, reply) => {
    const token = required(secrets.buildkite, 'BUILDKITE_WEBHOOK_TOKEN')
    const body = request.body ?? Buffer.alloc(0)
    const shown = { token: header(request, 'x-buildkite-token'), signature: header(request, 'x-buildkite-signature') }
    if (!isSignedByBuildkite(token, shown, body, new Date())) refuse('X-Buildkite-Token or X-Buildkite-Signature')
    const event = header(request, 'x-buildkite-event')
    if (!event?.startsWith('build.'))
      return ignore(reply, `The event ${event ?? 'without a name'} says nothing of a build`)
    // Buildkite gives its deliveries no key; the same event says the same.
    const deliveryId = createHash('sha256').update(event).update(body).digest('hex')
    return accept(reply, 'buildkite', deliveryId, readBuildkiteEvent(parse(request, body)))
  })

  async function accept(reply: FastifyReply, provider: string, deliveryId: string, event: ProviderEvent | null) {
    if (event === null) throw invalid('The body is not what such an event has')
    const texts = [event.scope, event.observation?.message, event.observation?.url, ...event.tokens]
    if (!texts.every(text => text == null || isStorable(text))) {
      throw invalid('The body has a text with the character U+0000, or half of a surrogate pair')
    }
    const receipt = await acceptEvent(database, provider, deliveryId.slice(0, 200), event)
    return reply.code(receipt.status === 'accepted' ? 202 : 200).send(receipt)
  }
}

function ignore(reply: FastifyReply, reason: string): FastifyReply {
  const receipt: Receipt = { status: 'ignored', reason: cutText(reason, LONGEST_REASON) }
  return reply.code(200).send(receipt)
}

function required(secret: string | undefined, variable: string): string {
  if (secret === undefined) throw new SlipwayError('WEBHOOK_NOT_CONFIGURED', { details: `${variable} is not set.` })
  return secret
}

function refuse(headers: string): never {
  throw new SlipwayError('INVALID_SIGNATURE', { details: `${headers} does not fit the body and the secret.` })
}

function parse(request: FastifyRequest, body: Buffer): unknown {
  const text = readJsonText(request, body)
  try {
    return JSON.parse(text)
  } catch {
    throw invalid('The body is not JSON')
  }
}

function invalid(message: string): SlipwayError {
  return new SlipwayError('INVALID_INPUT', { message })
}

function header(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name]
  return typeof value === 'string' ? value : undefined
}
