import { type Environment, Prisma } from '../../database/generated/client.js'
import { type Row, Rows, type Sql, shapeOf } from '../reading/row.js'
import type { Automation, Hold } from './automation.type.js'

export type AutomationColumns = Automation & { readonly deployAfterSuccessIn: readonly string[] }

const AUTOMATION = shapeOf<AutomationColumns>([
  'deployWhenReady',
  'rollBackOnFailure',
  'quarantineOnRollback',
  'deployAfterSuccessIn',
])
const HOLD = shapeOf<Hold>(['since', 'reason'])

/** The automation of an environment. */
export function automationOf({ automation }: Row<Environment>): Rows<AutomationColumns> {
  return new Rows(
    AUTOMATION,
    Prisma.sql`
      SELECT ${isOn(automation, 'deployWhenReady')} AS deploy_when_ready,
             ${isOn(automation, 'rollBackOnFailure')} AS roll_back_on_failure,
             ${isOn(automation, 'quarantineOnRollback')} AS quarantine_on_rollback,
             ARRAY(SELECT jsonb_array_elements_text(${automation} -> 'deployAfterSuccessIn')::uuid)
               AS deploy_after_success_in`,
  )
}

/** What holds the automation of an environment. */
export function holdOf({ heldAt, holdReason }: Row<Environment>): Rows<Hold> {
  return new Rows(HOLD, Prisma.sql`SELECT ${heldAt} AS since, ${holdReason} AS reason WHERE ${heldAt} IS NOT NULL`)
}

function isOn(automation: Sql, name: string): Sql {
  return Prisma.sql`coalesce((${automation} ->> ${name})::boolean, false)`
}
