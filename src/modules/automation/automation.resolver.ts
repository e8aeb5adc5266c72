import { FieldResolver, Resolver, Root } from 'type-graphql'
import type { Environment as EnvironmentColumns } from '../../database/generated/client.js'
import { Environment } from '../environment/environment.type.js'
import { environmentsByKey } from '../gate/gate.rows.js'
import { Sized } from '../reading/list-kind.js'
import { ENVIRONMENTS_OF_PROJECT } from '../reading/list-kinds.js'
import type { Row } from '../reading/row.js'
import { type AutomationColumns, automationOf, holdOf } from './automation.rows.js'
import { Automation, Hold } from './automation.type.js'

/** The automation of an environment. */
@Resolver(() => Environment)
export class EnvironmentAutomationResolver {
  @FieldResolver(() => Automation, { description: 'What Slipway does there by itself.' })
  automation(@Root() environment: Row<EnvironmentColumns>) {
    return automationOf(environment)
  }

  @FieldResolver(() => Hold, {
    nullable: true,
    description: 'What holds automation there until a person resumes it; null: it is not held.',
  })
  hold(@Root() environment: Row<EnvironmentColumns>) {
    return holdOf(environment)
  }
}

@Resolver(() => Automation)
export class AutomationResolver {
  @Sized({ list: ENVIRONMENTS_OF_PROJECT })
  @FieldResolver(() => [Environment], {
    description: 'The environments after whose successes it deploys a candidate; none: it does not.',
  })
  deployAfterSuccessIn(@Root() automation: Row<AutomationColumns>) {
    return environmentsByKey(automation.deployAfterSuccessIn)
  }
}
