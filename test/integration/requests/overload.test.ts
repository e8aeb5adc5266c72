import { setImmediate as turn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createProject } from '../../support/seed.js'
import { useSlipway } from '../../support/slipway.js'

const slipway = useSlipway({ shedsLoad: true })

/** Keeps the event loop, which the server shares with this test, from turning for a while, several times over. */
async function overload(): Promise<void> {
  for (let count = 0; count < 3; count++) {
    const end = performance.now() + 1_500
    while (performance.now() < end);
    await turn()
  }
}

test('a server that cannot keep up refuses requests at once, says when to come again, and lives', async () => {
  const project = await createProject(slipway)
  const path = `/api/releases/${project.name}/releases/v1-rc1`
  await overload()
  const [rest, graphql, health] = await Promise.all([
    slipway.as().rest('POST', path, {}),
    slipway.as().graphql('{ __typename }'),
    slipway.anonymous().rest('GET', '/healthz'),
  ])
  expect(rest).toMatchObject({ status: 503, body: { error: expect.any(String), code: 'OVERLOADED' } })
  expect(Number(rest.headers.get('retry-after'))).toBeGreaterThan(0)
  expect(graphql).toMatchObject({
    status: 503,
    errors: [{ extensions: { code: 'UNAVAILABLE', reason: 'OVERLOADED' } }],
  })
  expect(health).toMatchObject({ status: 200, body: { status: 'ok' } })
  await expect.poll(async () => (await slipway.as().graphql('{ __typename }')).status).toBe(200)
})
