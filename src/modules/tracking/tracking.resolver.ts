import { Arg, Args, FieldResolver, Mutation, Resolver, Root } from 'type-graphql'
import type {
  ReleaseCandidate as CandidateColumns,
  Deployment as DeploymentColumns,
  WorkflowRun as RunColumns,
} from '../../database/generated/client.js'
import { Caller } from '../context/request-context.js'
import type { ServiceContext } from '../context/service-context.js'
import { Deployment } from '../deployment/deployment.type.js'
import { FirstArgs } from '../reading/first.args.js'
import { Sized } from '../reading/list-kind.js'
import { ATTEMPTS_OF_RUN } from '../reading/list-kinds.js'
import type { Row } from '../reading/row.js'
import { byKey, CANDIDATES, DEPLOYMENTS } from '../reading/tables.js'
import { ReleaseCandidate } from '../release/release.type.js'
import { updateBuildStatus } from './build-report.service.js'
import { cancelBuild, cancelDeployment } from './cancel.service.js'
import { refreshBuild, refreshDeployment } from './refresh.service.js'
import { resolveBuild, resolveDeployment } from './resolve.service.js'
import { syncBuildRun, syncDeploymentRun } from './sync-run.service.js'
import {
  BuildInput,
  DeploymentInput,
  ResolveBuildInput,
  ResolveDeploymentInput,
  SyncBuildRunInput,
  SyncDeploymentRunInput,
  UpdateBuildStatusInput,
} from './tracking.input.js'
import { BuildPayload, DeploymentPayload } from './tracking.payload.js'
import { attemptsOf, buildOf, type TrackingColumns, trackingOfBuild, trackingOfDeployment } from './tracking.rows.js'
import { CandidateBuild, DispatchAttempt, Tracking } from './tracking.type.js'

@Resolver(() => Deployment)
export class DeploymentTrackingResolver {
  @FieldResolver(() => Tracking, { description: 'How its status is known.' })
  tracking(@Root() deployment: Row<DeploymentColumns>) {
    return trackingOfDeployment(deployment)
  }

  @Mutation(() => DeploymentPayload, {
    description:
      'Has a deployment stopped: one that has not been started is `CANCELED` at once, of another the runner is asked to ' +
      'stop it (`CANCELING`). Takes the role `deployer`.',
  })
  async cancelDeployment(@Caller() ctx: ServiceContext, @Arg('input', () => DeploymentInput) input: DeploymentInput) {
    const { deployment: changed } = await cancelDeployment(ctx, input.deployment)
    return { deployment: byKey(DEPLOYMENTS, changed.id) }
  }

  @Mutation(() => DeploymentPayload, {
    description: 'Says how a deployment ended when that can be known no other way. Takes the role `deployer`.',
  })
  async resolveDeployment(
    @Caller() ctx: ServiceContext,
    @Arg('input', () => ResolveDeploymentInput) { deployment, status, reason }: ResolveDeploymentInput,
  ) {
    const { deployment: changed } = await resolveDeployment(ctx, deployment, status, reason)
    return { deployment: byKey(DEPLOYMENTS, changed.id) }
  }

  @Mutation(() => DeploymentPayload, {
    description:
      'Has tried again what could not be done about a deployment; if there is nothing, asks the runner how it is, now. ' +
      'Takes the role `deployer`.',
  })
  async refreshDeployment(@Caller() ctx: ServiceContext, @Arg('input', () => DeploymentInput) input: DeploymentInput) {
    const { deployment: changed } = await refreshDeployment(ctx, input.deployment)
    return { deployment: byKey(DEPLOYMENTS, changed.id) }
  }

  @Mutation(() => DeploymentPayload, {
    description: 'A run of GitHub Actions tells which deployment it carries out. Takes the role `deployer`.',
  })
  async syncDeploymentRun(
    @Caller() ctx: ServiceContext,
    @Arg('input', () => SyncDeploymentRunInput) input: SyncDeploymentRunInput,
  ) {
    const { deployment: changed } = await syncDeploymentRun(ctx, input.deployment, input.workflowRunId)
    return { deployment: byKey(DEPLOYMENTS, changed.id) }
  }
}

@Resolver(() => ReleaseCandidate)
export class CandidateBuildResolver {
  @FieldResolver(() => CandidateBuild, { nullable: true, description: 'Its build; null when it was cut without one.' })
  build(@Root() candidate: Row<CandidateColumns>) {
    return buildOf(candidate)
  }

  @Mutation(() => BuildPayload, {
    description:
      'Reports what the build of a candidate does, if a build workflow was triggered for it. A candidate that is ready ' +
      'stays ready. Takes the role `deployer`.',
  })
  async updateBuildStatus(
    @Caller() ctx: ServiceContext,
    @Arg('input', () => UpdateBuildStatusInput) input: UpdateBuildStatusInput,
  ) {
    const { candidate: changed } = await updateBuildStatus(ctx, input)
    return { candidate: byKey(CANDIDATES, changed.id) }
  }

  @Mutation(() => BuildPayload, {
    description: 'Has the build of a candidate stopped, as `cancelDeployment` does. Takes the role `deployer`.',
  })
  async cancelBuild(@Caller() ctx: ServiceContext, @Arg('input', () => BuildInput) input: BuildInput) {
    const { candidate: changed } = await cancelBuild(ctx, input.candidate)
    return { candidate: byKey(CANDIDATES, changed.id) }
  }

  @Mutation(() => BuildPayload, {
    description: 'Says how the build of a candidate ended. Takes the role `deployer`.',
  })
  async resolveBuild(
    @Caller() ctx: ServiceContext,
    @Arg('input', () => ResolveBuildInput) { candidate, status, reason }: ResolveBuildInput,
  ) {
    const { candidate: changed } = await resolveBuild(ctx, candidate, status, reason)
    return { candidate: byKey(CANDIDATES, changed.id) }
  }

  @Mutation(() => BuildPayload, {
    description: 'The same for the build of a candidate. Takes the role `deployer`.',
  })
  async refreshBuild(@Caller() ctx: ServiceContext, @Arg('input', () => BuildInput) input: BuildInput) {
    const { candidate: changed } = await refreshBuild(ctx, input.candidate)
    return { candidate: byKey(CANDIDATES, changed.id) }
  }

  @Mutation(() => BuildPayload, {
    description: 'A run of GitHub Actions tells which candidate it builds. Takes the role `deployer`.',
  })
  async syncBuildRun(@Caller() ctx: ServiceContext, @Arg('input', () => SyncBuildRunInput) input: SyncBuildRunInput) {
    const { candidate: changed } = await syncBuildRun(ctx, input.candidate, input.workflowRunId)
    return { candidate: byKey(CANDIDATES, changed.id) }
  }
}

@Resolver(() => CandidateBuild)
export class BuildTrackingResolver {
  @FieldResolver(() => Tracking, { description: 'How the build status is known.' })
  tracking(@Root() run: Row<RunColumns>) {
    return trackingOfBuild(run)
  }
}

@Resolver(() => Tracking)
export class TrackingResolver {
  @Sized({ list: ATTEMPTS_OF_RUN })
  @FieldResolver(() => [DispatchAttempt], {
    description: 'Every try to have its run started or stopped, in the order in which they were made.',
  })
  attempts(@Root() tracked: Row<TrackingColumns>, @Args(() => FirstArgs) { first }: FirstArgs) {
    return attemptsOf(tracked, first ?? null)
  }
}
