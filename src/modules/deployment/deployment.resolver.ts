import { Arg, Args, FieldResolver, ID, Mutation, Resolver, Root } from 'type-graphql'
import { toGlobalId } from '../../core/global-id.js'
import type { Deployment as DeploymentRow, Environment as EnvironmentRow } from '../../database/generated/client.js'
import { Caller, Load, type Loaders, type Remember, Remembering } from '../context/request-context.js'
import type { ServiceContext } from '../context/service-context.js'
import { Environment } from '../environment/environment.type.js'
import { loadReferred } from '../loaders/row.loader.js'
import { GLOBAL_ID } from '../node/node.type.js'
import { PageArgs } from '../pagination/page.args.js'
import type { Candidate } from '../release/release.service.js'
import { ReleaseCandidate } from '../release/release.type.js'
import { CreateDeploymentInput, EnvironmentDeploymentsArgs, UpdateDeploymentStatusInput } from './deployment.input.js'
import { currentDeployment, listDeploymentsOfCandidate, listDeploymentsOfEnvironment } from './deployment.queries.js'
import { createDeployment, updateDeploymentStatus } from './deployment.service.js'
import {
  CreateDeploymentPayload,
  Deployment,
  DeploymentConnection,
  DeploymentStatusChange,
  UpdateDeploymentStatusPayload,
} from './deployment.type.js'

@Resolver(() => Deployment)
export class DeploymentResolver {
  @Mutation(() => CreateDeploymentPayload, {
    description: 'Asks for a candidate to be deployed; refused while it is not `READY`. Takes the role `deployer`.',
  })
  async createDeployment(
    @Caller() ctx: ServiceContext,
    @Remembering() remember: Remember,
    @Arg('input', () => CreateDeploymentInput) input: CreateDeploymentInput,
  ) {
    return remember(await createDeployment(ctx, input))
  }

  @Mutation(() => UpdateDeploymentStatusPayload, {
    description:
      'Reports what a deployment does, and creates it when there is none that the report could speak of. Never triggers ' +
      'a workflow. Takes the role `deployer`.',
  })
  async updateDeploymentStatus(
    @Caller() ctx: ServiceContext,
    @Remembering() remember: Remember,
    @Arg('input', () => UpdateDeploymentStatusInput) input: UpdateDeploymentStatusInput,
  ) {
    return remember(await updateDeploymentStatus(ctx, input))
  }

  @FieldResolver(() => ID, GLOBAL_ID)
  id(@Root() deployment: DeploymentRow) {
    return toGlobalId('deployment', deployment.id)
  }

  @FieldResolver(() => ReleaseCandidate, { description: 'What it deploys.' })
  candidate(@Root() deployment: DeploymentRow, @Load() loaders: Loaders) {
    return loadReferred(loaders.candidates, deployment.candidateId)
  }

  @FieldResolver(() => ReleaseCandidate, {
    nullable: true,
    description: 'What the environment ran when this deployment was created.',
  })
  previous(@Root() { previousCandidateId }: DeploymentRow, @Load() loaders: Loaders) {
    return previousCandidateId === null ? null : loadReferred(loaders.candidates, previousCandidateId)
  }

  @FieldResolver(() => Environment, { description: 'Where it is deployed.' })
  environment(@Root() deployment: DeploymentRow, @Load() loaders: Loaders) {
    return loadReferred(loaders.environments, deployment.environmentId)
  }

  @FieldResolver(() => [DeploymentStatusChange], {
    description: 'All that was reported or set, in the order in which it happened.',
  })
  statusHistory(@Root() deployment: DeploymentRow, @Load() loaders: Loaders) {
    return loaders.statusHistory.load(deployment.id)
  }
}

/** The deployments of an environment. */
@Resolver(() => Environment)
export class EnvironmentDeploymentsResolver {
  @FieldResolver(() => ReleaseCandidate, {
    nullable: true,
    description: 'What it runs: the candidate of its most recent successful deployment, by end time.',
  })
  async current(@Root() environment: EnvironmentRow, @Load() loaders: Loaders) {
    const deployment = await currentDeployment(loaders, environment)
    return deployment && loadReferred(loaders.candidates, deployment.candidateId)
  }

  @FieldResolver(() => Deployment, {
    nullable: true,
    description: 'The deployment by which it got what it runs.',
  })
  currentDeployment(@Root() environment: EnvironmentRow, @Load() loaders: Loaders) {
    return currentDeployment(loaders, environment)
  }

  @FieldResolver(() => DeploymentConnection, { description: 'Its deployments, newest first.' })
  deployments(
    @Root() environment: EnvironmentRow,
    @Load() loaders: Loaders,
    @Args(() => EnvironmentDeploymentsArgs) args: EnvironmentDeploymentsArgs,
  ) {
    return listDeploymentsOfEnvironment(loaders, environment, args)
  }
}

/** The deployments of a candidate. */
@Resolver(() => ReleaseCandidate)
export class CandidateDeploymentsResolver {
  @FieldResolver(() => DeploymentConnection, { description: 'Its deployments on all environments, newest first.' })
  deployments(@Root() candidate: Candidate, @Load() loaders: Loaders, @Args(() => PageArgs) args: PageArgs) {
    return listDeploymentsOfCandidate(loaders, candidate, args)
  }
}
