import { Arg, FieldResolver, Mutation, Resolver, Root } from 'type-graphql'
import type {
  Deployment as DeploymentColumns,
  Environment as EnvironmentColumns,
  WorkflowRun as RunColumns,
} from '../../database/generated/client.js'
import { Caller } from '../context/request-context.js'
import type { ServiceContext } from '../context/service-context.js'
import { Deployment } from '../deployment/deployment.type.js'
import { Environment } from '../environment/environment.type.js'
import type { Row } from '../reading/row.js'
import { byKey, ENVIRONMENTS } from '../reading/tables.js'
import { CandidateBuild } from '../tracking/tracking.type.js'
import { RefreshEnvironmentInput } from './problem.input.js'
import { RefreshEnvironmentPayload } from './problem.payload.js'
import { problemOfBuild, problemOfDeployment, problemOfEnvironment } from './problem.rows.js'
import { refreshEnvironment } from './problem.service.js'
import { Problem } from './problem.type.js'

const DESCRIPTION = 'What Slipway could not do about it by itself; null: nothing. It goes when it is done after all;'

@Resolver(() => Deployment)
export class DeploymentProblemResolver {
  @FieldResolver(() => Problem, {
    nullable: true,
    description: `${DESCRIPTION} \`refreshDeployment\` has it tried again.`,
  })
  problem(@Root() deployment: Row<DeploymentColumns>) {
    return problemOfDeployment(deployment)
  }
}

@Resolver(() => CandidateBuild)
export class BuildProblemResolver {
  @FieldResolver(() => Problem, { nullable: true, description: `${DESCRIPTION} \`refreshBuild\` has it tried again.` })
  problem(@Root() run: Row<RunColumns>) {
    return problemOfBuild(run)
  }
}

@Resolver(() => Environment)
export class EnvironmentProblemResolver {
  @FieldResolver(() => Problem, {
    nullable: true,
    description: `${DESCRIPTION} \`refreshEnvironment\` has it tried again.`,
  })
  problem(@Root() environment: Row<EnvironmentColumns>) {
    return problemOfEnvironment(environment)
  }

  @Mutation(() => RefreshEnvironmentPayload, {
    description: 'Has tried again what could not be done about an environment. Takes the role `deployer`.',
  })
  async refreshEnvironment(
    @Caller() ctx: ServiceContext,
    @Arg('input', () => RefreshEnvironmentInput) input: RefreshEnvironmentInput,
  ) {
    const { id } = await refreshEnvironment(ctx, input)
    return { environment: byKey(ENVIRONMENTS, id) }
  }
}
