import { Arg, Args, FieldResolver, ID, Mutation, Resolver, Root } from 'type-graphql'
import type {
  ReleaseCandidate as CandidateColumns,
  Deployment as DeploymentColumns,
  Environment as EnvironmentColumns,
} from '../../database/generated/client.js'
import { Caller } from '../context/request-context.js'
import type { ServiceContext } from '../context/service-context.js'
import { Environment } from '../environment/environment.type.js'
import { globalId } from '../node/global-id.js'
import { GLOBAL_ID } from '../node/node.type.js'
import { PageArgs } from '../pagination/page.args.js'
import { FirstArgs } from '../reading/first.args.js'
import { COUNTED_PER_OBJECT, Sized } from '../reading/list-kind.js'
import {
  ACTIVE_DEPLOYMENTS_OF_ENVIRONMENT,
  DEPLOYMENTS_OF_CANDIDATE,
  DEPLOYMENTS_OF_ENVIRONMENT,
  STATUS_CHANGES_OF_DEPLOYMENT,
} from '../reading/list-kinds.js'
import { join, type Row } from '../reading/row.js'
import { byKey, CANDIDATES, DEPLOYMENTS, ENVIRONMENTS } from '../reading/tables.js'
import { ReleaseCandidate } from '../release/release.type.js'
import { CreateDeploymentInput, EnvironmentDeploymentsArgs, UpdateDeploymentStatusInput } from './deployment.input.js'
import {
  activeDeploymentsOf,
  currentDeployment,
  deploymentsOf,
  historyOf,
  isCounted,
  isScanned,
  statusHistoryOf,
} from './deployment.rows.js'
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
    @Arg('input', () => CreateDeploymentInput) input: CreateDeploymentInput,
  ) {
    const { id } = await createDeployment(ctx, input)
    return { deployment: byKey(DEPLOYMENTS, id) }
  }

  @Mutation(() => UpdateDeploymentStatusPayload, {
    description:
      'Reports what a deployment does, and creates it when there is none that the report could speak of. Never triggers ' +
      'a workflow. Takes the role `deployer`.',
  })
  async updateDeploymentStatus(
    @Caller() ctx: ServiceContext,
    @Arg('input', () => UpdateDeploymentStatusInput) input: UpdateDeploymentStatusInput,
  ) {
    const { deployment, created } = await updateDeploymentStatus(ctx, input)
    return { deployment: byKey(DEPLOYMENTS, deployment.id), created }
  }

  @FieldResolver(() => ID, GLOBAL_ID)
  id(@Root() deployment: Row<DeploymentColumns>) {
    return globalId('deployment', deployment)
  }

  @FieldResolver(() => ReleaseCandidate, { description: 'What it deploys.' })
  candidate(@Root() deployment: Row<DeploymentColumns>) {
    return byKey(CANDIDATES, deployment.candidateId)
  }

  @FieldResolver(() => ReleaseCandidate, {
    nullable: true,
    description: 'What the environment ran when this deployment was created.',
  })
  previous(@Root() deployment: Row<DeploymentColumns>) {
    return byKey(CANDIDATES, deployment.previousCandidateId)
  }

  @FieldResolver(() => Environment, { description: 'Where it is deployed.' })
  environment(@Root() deployment: Row<DeploymentColumns>) {
    return byKey(ENVIRONMENTS, deployment.environmentId)
  }

  @Sized({ list: STATUS_CHANGES_OF_DEPLOYMENT })
  @FieldResolver(() => [DeploymentStatusChange], {
    description: 'All that was reported or set, in the order in which it happened.',
  })
  statusHistory(@Root() deployment: Row<DeploymentColumns>, @Args(() => FirstArgs) { first }: FirstArgs) {
    return statusHistoryOf(deployment, first ?? null)
  }
}

/** The deployments of an environment. */
@Resolver(() => Environment)
export class EnvironmentDeploymentsResolver {
  @FieldResolver(() => ReleaseCandidate, {
    nullable: true,
    description: 'What it runs: the candidate of its most recent successful deployment, by end time.',
  })
  current(@Root() environment: Row<EnvironmentColumns>) {
    const deployment = join(environment, currentDeployment(environment.id))
    return byKey(CANDIDATES, deployment.candidateId)
  }

  @FieldResolver(() => Deployment, {
    nullable: true,
    description: 'The deployment by which it got what it runs.',
  })
  currentDeployment(@Root() environment: Row<EnvironmentColumns>) {
    return currentDeployment(environment.id)
  }

  @Sized({
    counted: { kind: DEPLOYMENTS_OF_ENVIRONMENT, isRead: isCounted },
    reads: { kind: DEPLOYMENTS_OF_ENVIRONMENT, rowsPerObject: COUNTED_PER_OBJECT, when: isScanned },
  })
  @FieldResolver(() => DeploymentConnection, { description: 'Its deployments, newest first.' })
  deployments(
    @Root() environment: Row<EnvironmentColumns>,
    @Args(() => EnvironmentDeploymentsArgs) args: EnvironmentDeploymentsArgs,
  ) {
    return historyOf(environment, args)
  }

  @Sized({ counted: { kind: ACTIVE_DEPLOYMENTS_OF_ENVIRONMENT } })
  @FieldResolver(() => DeploymentConnection, {
    description: 'What is on its way to it: its deployments that are active, newest first.',
  })
  activeDeployments(@Root() environment: Row<EnvironmentColumns>, @Args(() => PageArgs) args: PageArgs) {
    return activeDeploymentsOf(environment, args)
  }
}

/** The deployments of a candidate. */
@Resolver(() => ReleaseCandidate)
export class CandidateDeploymentsResolver {
  @Sized({ counted: { kind: DEPLOYMENTS_OF_CANDIDATE } })
  @FieldResolver(() => DeploymentConnection, { description: 'Its deployments on all environments, newest first.' })
  deployments(@Root() candidate: Row<CandidateColumns>, @Args(() => PageArgs) args: PageArgs) {
    return deploymentsOf(candidate, args)
  }
}
