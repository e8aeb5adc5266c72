import DataLoader from 'dataloader'
import type { Database } from '../../database/client.js'
import { Prisma } from '../../database/generated/client.js'
import { NestedListLoader } from '../loaders/nested-list.loader.js'
import { listLoader, rowLoader } from '../loaders/row.loader.js'

export function deploymentLoaders(database: Database) {
  return {
    deployments: rowLoader(keys => database.deployment.findMany({ where: { id: { in: keys } } })),
    deploymentsByEnvironment: new NestedListLoader(database, {
      table: Prisma.sql`deployments`,
      parent: Prisma.sql`environment_id`,
      sortColumn: Prisma.sql`number`,
      sortType: Prisma.sql`integer`,
    }),
    deploymentsByCandidate: new NestedListLoader(database, {
      table: Prisma.sql`deployments`,
      parent: Prisma.sql`candidate_id`,
      sortColumn: Prisma.sql`id`,
      sortType: Prisma.sql`uuid`,
    }),
    currentDeploymentKeys: currentDeploymentKeys(database),
    /** In the order in which it happened. */
    statusHistory: listLoader(
      keys =>
        database.deploymentStatusChange.findMany({
          where: { deploymentId: { in: keys } },
          orderBy: [{ at: 'asc' }, { id: 'asc' }],
        }),
      change => change.deploymentId,
    ),
  }
}

/** By the environment's key: the key of its most recent successful deployment by end time, null before the first. */
function currentDeploymentKeys(database: Database): DataLoader<string, string | null> {
  return new DataLoader(async environments => {
    const rows = await database.$queryRaw<{ environmentId: string; id: string }[]>(Prisma.sql`
      SELECT environment.id AS "environmentId", current.id
      FROM unnest(${environments}::uuid[]) AS environment (id)
      CROSS JOIN LATERAL (
        SELECT id FROM deployments
        WHERE environment_id = environment.id AND status = 'SUCCESS'
        ORDER BY finished_at DESC, number DESC
        LIMIT 1
      ) AS current`)
    const current = new Map(rows.map(row => [row.environmentId, row.id]))
    return environments.map(environment => current.get(environment) ?? null)
  })
}
