import type { Freeze } from '../../../../../src/database/generated/client.js'
import { windowAfter, windowAt } from '../../../../../src/modules/freeze/freeze.rules.js'
import type { Tables } from '../tables.js'
import { type Reads, rowOrNull } from './read.js'
import { globalId, inPromotionOrder } from './rows.js'

export function freezeReads(tables: Tables): Reads<Freeze> {
  return {
    id: freeze => globalId('freeze', freeze),
    project: ({ projectId }) => rowOrNull(tables.projects, projectId),
    environments: ({ environmentIds }) =>
      inPromotionOrder(tables.environments.filter(({ id }) => environmentIds.includes(id))),
    currentWindow: freeze => windowAt(freeze, new Date()),
    nextWindow: freeze => windowAfter(freeze, new Date()),
  }
}
