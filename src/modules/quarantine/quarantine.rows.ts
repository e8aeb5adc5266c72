import { Prisma, type ReleaseCandidate } from '../../database/generated/client.js'
import { currentDeployment } from '../deployment/deployment.rows.js'
import { type List, list } from '../reading/list.js'
import { type Row, Rows, shapeOf } from '../reading/row.js'
import { ENVIRONMENTS } from '../reading/tables.js'
import type { Quarantine } from './quarantine.type.js'

const QUARANTINE = shapeOf<Quarantine>(['since', 'actor', 'reason'])

/** The quarantine that a candidate is in. */
export function quarantineOf(candidate: Row<ReleaseCandidate>): Rows<Quarantine> {
  const { quarantinedAt, quarantinedBy, quarantineReason } = candidate
  return new Rows(
    QUARANTINE,
    Prisma.sql`
      SELECT ${quarantinedAt} AS since, ${quarantinedBy} AS actor, ${quarantineReason} AS reason
      WHERE ${quarantinedAt} IS NOT NULL`,
  )
}

/** The environments that run a candidate, in promotion order. */
export function environmentsThatRun(candidate: Row<ReleaseCandidate>): List {
  const { select } = currentDeployment(Prisma.sql`environments.id`)
  const rows = ENVIRONMENTS.where(
    Prisma.sql`project_id = ${candidate.projectId} AND ${candidate.id} = (SELECT candidate_id FROM (${select}) AS current)`,
  )
  return list(rows, environment => Prisma.sql`${environment.tier}, ${environment.id}`)
}
