import { createHmac, randomUUID } from 'node:crypto'

/** Sends an event to a webhook as GitHub does, signed. */
export async function postEvent(
  url: string,
  secret: string,
  body: object,
  deliveryId: string = randomUUID(),
): Promise<Response> {
  const text = JSON.stringify(body)
  return fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'user-agent': 'GitHub-Hookshot/stand-in',
      'x-github-event': 'workflow_run',
      'x-github-delivery': deliveryId,
      'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(text).digest('hex')}`,
    },
    body: text,
  })
}
