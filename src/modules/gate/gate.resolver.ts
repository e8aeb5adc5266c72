import { Arg, FieldResolver, Resolver, Root } from 'type-graphql'
import type {
  Deployment as DeploymentColumns,
  Environment as EnvironmentColumns,
} from '../../database/generated/client.js'
import { Caller } from '../context/request-context.js'
import type { ServiceContext } from '../context/service-context.js'
import { currentDeployment } from '../deployment/deployment.rows.js'
import { Deployment } from '../deployment/deployment.type.js'
import { Environment } from '../environment/environment.type.js'
import { computed } from '../reading/computed.js'
import { Sized } from '../reading/list-kind.js'
import { ENVIRONMENTS_OF_PROJECT, OPEN_FREEZES } from '../reading/list-kinds.js'
import { join, type Row } from '../reading/row.js'
import {
  checkDeployment,
  environmentsByKey,
  type GatesColumns,
  gatesOf,
  isDowngrade,
  promotionOf,
  waitingFor,
} from './gate.rows.js'
import { ApprovalGate, DeploymentCheck, GATES, Gates, GateVerdict, PromotionGate } from './gate.type.js'

/** Each freeze that binds an environment is judged for each deployment that is asked about. */
const JUDGED_FREEZES = { kind: OPEN_FREEZES, rowsPerObject: 5 }

/** All gates are judged, of a candidate and an environment that are looked up for each of them. */
const EFFORT_OF_CHECK = 10

/** The gates of an environment. */
@Resolver(() => Environment)
export class EnvironmentGatesResolver {
  @FieldResolver(() => Gates, { description: 'What a deployment to it has to pass, beside its freezes.' })
  gates(@Root() environment: Row<EnvironmentColumns>) {
    return gatesOf(environment)
  }

  @Sized({ effort: EFFORT_OF_CHECK, reads: JUDGED_FREEZES })
  @FieldResolver(() => DeploymentCheck, {
    nullable: true,
    description:
      'What would come of a deployment of a candidate that you asked for now, and what each gate says; nothing is ' +
      'changed. Null: the project has no such candidate.',
  })
  canDeploy(
    @Caller() { actor }: ServiceContext,
    @Root() environment: Row<EnvironmentColumns>,
    @Arg('candidateVersion', () => String, { description: 'Such as `v1.4.0-rc1`.' }) candidateVersion: string,
    @Arg('force', () => Boolean, { defaultValue: false, description: 'Whether it were forced through freezes.' })
    force: boolean,
  ) {
    const { candidateId } = join(environment, currentDeployment(environment.id))
    return checkDeployment(environment, candidateVersion, { actor: actor.subject, isForced: force }, candidateId)
  }
}

@Resolver(() => Gates)
export class GatesResolver {
  @FieldResolver(() => PromotionGate, {
    nullable: true,
    description: 'Where the candidate must have succeeded before.',
  })
  promotion(@Root() gates: Row<GatesColumns>) {
    return promotionOf(gates)
  }

  @FieldResolver(() => ApprovalGate, { nullable: true, description: 'Who must have approved of it.' })
  approval(@Root() gates: Row<GatesColumns>) {
    return computed(gates.approval, approval => approval)
  }
}

@Resolver(() => PromotionGate)
export class PromotionGateResolver {
  @Sized({ list: ENVIRONMENTS_OF_PROJECT })
  @FieldResolver(() => [Environment], { description: 'In all of these environments.' })
  environments(@Root() promotion: Row<Pick<GatesColumns, 'environmentIds'>>) {
    return environmentsByKey(promotion.environmentIds)
  }
}

/** What a deployment waits for. */
@Resolver(() => Deployment)
export class DeploymentGatesResolver {
  @Sized({ list: GATES, reads: JUDGED_FREEZES })
  @FieldResolver(() => [GateVerdict], {
    description: 'The gates that it waits at, as they are now; none: it does not wait, or is about to start.',
  })
  waitingFor(@Root() deployment: Row<DeploymentColumns>) {
    return waitingFor(deployment)
  }

  @FieldResolver(() => Boolean, {
    description: 'Whether its candidate is older, by when it was cut, than what the environment ran.',
  })
  downgrade(@Root() deployment: Row<DeploymentColumns>) {
    return isDowngrade(deployment)
  }
}
