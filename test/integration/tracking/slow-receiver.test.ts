import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createProject } from '../../support/seed.js'
import { useSlipway } from '../../support/slipway.js'
import { useWebhookReceiver } from '../../support/webhook-receiver.js'

const slipway = useSlipway({ worker: true })
const receiver = useWebhookReceiver()
/** Accepts whatever comes, and never answers. */
let silent: Server
const connections = new Set<Socket>()
/** How many of its connections were open at once. */
let most = 0

beforeAll(async () => {
  silent = createServer(socket => {
    connections.add(socket)
    most = Math.max(most, connections.size)
    socket.on('close', () => connections.delete(socket)).on('error', () => undefined)
  }).listen(0, '127.0.0.1')
  await once(silent, 'listening')
})
afterAll(() => {
  for (const socket of connections) socket.destroy()
  silent.close()
})

test('a receiver that never answers has a few calls at once, and holds up no other', async () => {
  const project = await createProject(slipway)
  const [slow, other] = [await project.createEnvironment('slow'), await project.createEnvironment('other')]
  await project.cut('v1-rc1')
  const configure = (environment: string, url: string) =>
    slipway
      .as()
      .query('mutation ($input: UpdateEnvironmentInput!) { updateEnvironment(input: $input) { environment { id } } }', {
        input: {
          project: project.name,
          environment,
          deployWorkflow: { webhook: { url, secret: receiver.secret } },
        },
      })
  await configure('slow', `http://127.0.0.1:${(silent.address() as AddressInfo).port}/hook`)
  await configure('other', receiver.url('/other'))
  for (let count = 0; count < 40; count += 1) await slow.deploy('v1-rc1')
  await expect.poll(() => most).toBe(4)
  await other.deploy('v1-rc1')
  await expect.poll(() => receiver.types('/other')).toEqual(['deployment.requested'])
  expect(most).toBe(4)
})
