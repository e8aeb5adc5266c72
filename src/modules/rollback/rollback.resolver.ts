import { Arg, FieldResolver, Mutation, Resolver, Root } from 'type-graphql'
import type { Deployment as DeploymentColumns } from '../../database/generated/client.js'
import { Caller } from '../context/request-context.js'
import type { ServiceContext } from '../context/service-context.js'
import { Deployment } from '../deployment/deployment.type.js'
import type { Row } from '../reading/row.js'
import { byKey, DEPLOYMENTS } from '../reading/tables.js'
import { RollbackEnvironmentInput } from './rollback.input.js'
import { RollbackEnvironmentPayload } from './rollback.payload.js'
import { rollbackEnvironment } from './rollback.service.js'

@Resolver(() => Deployment)
export class RollbackResolver {
  @Mutation(() => RollbackEnvironmentPayload, {
    description:
      'Rolls an environment back: after a success to what ran before it, otherwise to the last good candidate. What is ' +
      'active is canceled first. Takes the role `deployer`.',
  })
  async rollbackEnvironment(
    @Caller() ctx: ServiceContext,
    @Arg('input', () => RollbackEnvironmentInput) input: RollbackEnvironmentInput,
  ) {
    const { deployment, created } = await rollbackEnvironment(ctx, input)
    return { deployment: byKey(DEPLOYMENTS, deployment.id), created }
  }

  @FieldResolver(() => Deployment, { nullable: true, description: 'The deployment that a rollback undoes.' })
  undoes(@Root() deployment: Row<DeploymentColumns>) {
    return byKey(DEPLOYMENTS, deployment.undoesId)
  }
}
