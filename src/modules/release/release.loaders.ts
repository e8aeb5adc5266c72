import type { Database } from '../../database/client.js'
import { Prisma } from '../../database/generated/client.js'
import { NestedListLoader } from '../loaders/nested-list.loader.js'
import { listLoader, rowLoader } from '../loaders/row.loader.js'

export function releaseLoaders(database: Database) {
  return {
    releases: rowLoader(keys => database.release.findMany({ where: { id: { in: keys } } })),
    releasesByProject: new NestedListLoader(database, {
      table: Prisma.sql`releases`,
      parent: Prisma.sql`project_id`,
      sortColumn: Prisma.sql`id`,
      sortType: Prisma.sql`uuid`,
    }),
    candidates: rowLoader(keys =>
      database.releaseCandidate.findMany({
        where: { id: { in: keys } },
        include: { release: true },
        relationLoadStrategy: 'join',
      }),
    ),
    /** Newest first. */
    candidatesByRelease: listLoader(
      keys =>
        database.releaseCandidate.findMany({
          where: { releaseId: { in: keys } },
          include: { release: true },
          relationLoadStrategy: 'join',
          orderBy: { id: 'desc' },
        }),
      candidate => candidate.releaseId,
    ),
  }
}
