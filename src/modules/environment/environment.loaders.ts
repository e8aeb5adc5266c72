import type { Database } from '../../database/client.js'
import { listLoader, rowLoader } from '../loaders/row.loader.js'

export function environmentLoaders(database: Database) {
  return {
    environments: rowLoader(keys => database.environment.findMany({ where: { id: { in: keys } } })),
    /** In promotion order: by tier, and within a tier in the order in which they were created. */
    environmentsByProject: listLoader(
      keys =>
        database.environment.findMany({
          where: { projectId: { in: keys } },
          orderBy: [{ tier: 'asc' }, { id: 'asc' }],
        }),
      environment => environment.projectId,
    ),
  }
}
