import type { SecretBox } from '../../core/secret-box.js'
import { parametersOf, type WebhookWorkflow } from '../workflow/workflow.js'
import type { Runner, RunOrder } from './runner.js'
import { sendWebhook, type WebhookSettings } from './webhook.sender.js'

type Order = RunOrder<WebhookWorkflow>

const NAME = 'The webhook’s receiver'

/**
 * Signed webhooks (Standard Webhooks 1.0). Each try of a run has the same `webhook-id`, by which a receiver tells that it
 * has it already; so what may have arrived can safely be sent again. How it goes the receiver reports over the API.
 */
export function createWebhookRunner(settings: WebhookSettings, secrets: SecretBox): Runner<WebhookWorkflow> {
  async function send(order: Order, request: 'requested' | 'cancel_requested', id: string, signal: AbortSignal) {
    const { workflow, purpose } = order
    let secret: string
    try {
      secret = secrets.open(workflow.secret)
    } catch {
      const reason = 'The webhook’s secret cannot be read: SECRETS_KEY is not the one it was stored with'
      return { kind: 'refused' as const, reason }
    }
    const type = `${purpose === 'build' ? 'build' : 'deployment'}.${request}`
    const message = { id, url: workflow.url, secret, type, data: dataOf(order) }
    const outcome = await sendWebhook(message, settings, new Date(), signal)
    switch (outcome.kind) {
      case 'delivered':
        return { kind: 'accepted' as const, externalId: null, url: null }
      case 'gone':
      case 'refused':
        return { kind: 'refused' as const, reason: `${NAME}: ${outcome.reason}` }
      case 'failed': {
        const { retryAfterMs } = outcome
        return { kind: 'later' as const, reason: `${NAME}: ${outcome.reason}`, retryAfterMs, isRateLimit: false }
      }
    }
  }

  return {
    name: NAME,
    canBeAsked: false,
    credentialOf: ({ url }) => `webhook ${new URL(url).host}`,
    dispatch: (order, signal) => send(order, 'requested', order.runId, signal),
    // What may have been sent before a crash is sent again under its ID.
    find: async () => ({ kind: 'absent' }),
    check: async () => ({ kind: 'unchanged' }),
    cancel: (order, signal) => send(order, 'cancel_requested', `${order.runId}-cancel`, signal),
  }
}

function dataOf({ workflow, placeholders, purpose }: Order): object {
  return {
    project: placeholders['project.name'],
    release: placeholders['release.version'],
    candidate: {
      id: placeholders['candidate.id'],
      version: placeholders['candidate.version'],
      commit: placeholders['candidate.commit'],
    },
    ...(purpose === 'deploy' && {
      environment: placeholders['environment.name'],
      deployment: { id: placeholders['deployment.id'], actor: placeholders['deployment.actor'] },
    }),
    parameters: parametersOf(workflow, placeholders),
  }
}
