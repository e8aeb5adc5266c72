import { serverAudits } from 'graphql-http'
import { expect, test } from 'vitest'
import { useSlipway } from '../support/slipway.js'

const slipway = useSlipway()

/** What is left out on purpose. The specification says MAY or SHOULD of each. */
const LEFT_OUT: Readonly<Record<string, string>> = {
  '572B': 'SHOULD answer 200 to what cannot be parsed: 400 is, so that `curl --fail` notices',
  FDE2: 'SHOULD answer 200 to what does not fit the schema: the same',
  '7B9B': 'SHOULD answer 200 to variables that do not fit: the same',
}

test.each(serverAudits({ url: () => `${slipway.url}/graphql` }))('$id $name', async audit => {
  const result = await audit.fn()
  const isOk = result.status === 'ok'
  if (audit.id in LEFT_OUT)
    expect({ isOk, name: audit.name }).toEqual({ isOk: false, name: expect.stringMatching(/^(MAY|SHOULD) /) })
  else expect(isOk ? 'ok' : result.reason).toBe('ok')
})
