import { Arg, FieldResolver, Mutation, Resolver, Root } from 'type-graphql'
import type { Deployment as DeploymentRow, WorkflowRun } from '../../database/generated/client.js'
import { Caller, Load, type Loaders, type Remember, Remembering } from '../context/request-context.js'
import type { ServiceContext } from '../context/service-context.js'
import { isFinished } from '../deployment/deployment.status.js'
import { Deployment } from '../deployment/deployment.type.js'
import type { Candidate } from '../release/release.service.js'
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
import { CandidateBuild, DispatchAttempt, Tracking } from './tracking.type.js'

/** A row of what is tracked, with the key of its run. */
type TrackingRow = Tracking & { readonly runId: string | null }

@Resolver(() => Deployment)
export class DeploymentTrackingResolver {
  @FieldResolver(() => Tracking, { description: 'How its status is known.' })
  async tracking(@Root() deployment: DeploymentRow, @Load() loaders: Loaders): Promise<TrackingRow> {
    const run = await loaders.runOfDeployment.load(deployment.id)
    const heard = [run?.heardAt, deployment.reportedAt, deployment.createdAt].filter(time => time != null)
    return {
      ...trackingOf(run),
      source: deployment.source,
      observedAt: new Date(Math.max(...heard.map(time => time.getTime()))),
      nextCheckAt: isFinished(deployment.status) ? null : (run?.nextCheckAt ?? null),
    }
  }

  @Mutation(() => DeploymentPayload, {
    description:
      'Has a deployment stopped: one that has not been started is `CANCELED` at once, of another the runner is asked to ' +
      'stop it (`CANCELING`). Takes the role `deployer`.',
  })
  async cancelDeployment(
    @Caller() ctx: ServiceContext,
    @Remembering() remember: Remember,
    @Arg('input', () => DeploymentInput) input: DeploymentInput,
  ) {
    return remember(await cancelDeployment(ctx, input.deployment))
  }

  @Mutation(() => DeploymentPayload, {
    description: 'Says how a deployment ended when that can be known no other way. Takes the role `deployer`.',
  })
  async resolveDeployment(
    @Caller() ctx: ServiceContext,
    @Remembering() remember: Remember,
    @Arg('input', () => ResolveDeploymentInput) { deployment, status, reason }: ResolveDeploymentInput,
  ) {
    return remember(await resolveDeployment(ctx, deployment, status, reason))
  }

  @Mutation(() => DeploymentPayload, {
    description: 'Asks the runner how a deployment is, now. Takes the role `deployer`.',
  })
  async refreshDeployment(
    @Caller() ctx: ServiceContext,
    @Remembering() remember: Remember,
    @Arg('input', () => DeploymentInput) input: DeploymentInput,
  ) {
    return remember(await refreshDeployment(ctx, input.deployment))
  }

  @Mutation(() => DeploymentPayload, {
    description: 'A run of GitHub Actions tells which deployment it carries out. Takes the role `deployer`.',
  })
  async syncDeploymentRun(
    @Caller() ctx: ServiceContext,
    @Remembering() remember: Remember,
    @Arg('input', () => SyncDeploymentRunInput) input: SyncDeploymentRunInput,
  ) {
    return remember(await syncDeploymentRun(ctx, input.deployment, input.workflowRunId))
  }
}

@Resolver(() => ReleaseCandidate)
export class CandidateBuildResolver {
  @FieldResolver(() => CandidateBuild, { nullable: true, description: 'Its build; null when it was cut without one.' })
  build(@Root() candidate: Candidate, @Load() loaders: Loaders) {
    return loaders.runOfBuild.load(candidate.id)
  }

  @Mutation(() => BuildPayload, {
    description:
      'Reports what the build of a candidate does, if a build workflow was triggered for it. A candidate that is ready ' +
      'stays ready. Takes the role `deployer`.',
  })
  async updateBuildStatus(
    @Caller() ctx: ServiceContext,
    @Remembering() remember: Remember,
    @Arg('input', () => UpdateBuildStatusInput) input: UpdateBuildStatusInput,
  ) {
    return remember(await updateBuildStatus(ctx, input))
  }

  @Mutation(() => BuildPayload, {
    description: 'Has the build of a candidate stopped, as `cancelDeployment` does. Takes the role `deployer`.',
  })
  async cancelBuild(
    @Caller() ctx: ServiceContext,
    @Remembering() remember: Remember,
    @Arg('input', () => BuildInput) input: BuildInput,
  ) {
    return remember(await cancelBuild(ctx, input.candidate))
  }

  @Mutation(() => BuildPayload, {
    description: 'Says how the build of a candidate ended. Takes the role `deployer`.',
  })
  async resolveBuild(
    @Caller() ctx: ServiceContext,
    @Remembering() remember: Remember,
    @Arg('input', () => ResolveBuildInput) { candidate, status, reason }: ResolveBuildInput,
  ) {
    return remember(await resolveBuild(ctx, candidate, status, reason))
  }

  @Mutation(() => BuildPayload, {
    description: 'Asks the runner how the build of a candidate is, now. Takes the role `deployer`.',
  })
  async refreshBuild(
    @Caller() ctx: ServiceContext,
    @Remembering() remember: Remember,
    @Arg('input', () => BuildInput) input: BuildInput,
  ) {
    return remember(await refreshBuild(ctx, input.candidate))
  }

  @Mutation(() => BuildPayload, {
    description: 'A run of GitHub Actions tells which candidate it builds. Takes the role `deployer`.',
  })
  async syncBuildRun(
    @Caller() ctx: ServiceContext,
    @Remembering() remember: Remember,
    @Arg('input', () => SyncBuildRunInput) input: SyncBuildRunInput,
  ) {
    return remember(await syncBuildRun(ctx, input.candidate, input.workflowRunId))
  }
}

@Resolver(() => CandidateBuild)
export class BuildTrackingResolver {
  @FieldResolver(() => Tracking, { description: 'How the build status is known.' })
  tracking(@Root() run: WorkflowRun): TrackingRow {
    return {
      ...trackingOf(run),
      source: run.source,
      observedAt: run.heardAt ?? run.observedAt ?? run.createdAt,
      nextCheckAt: run.nextCheckAt,
    }
  }
}

@Resolver(() => Tracking)
export class TrackingResolver {
  @FieldResolver(() => [DispatchAttempt], {
    description: 'Every try to have its run started or stopped, in the order in which they were made.',
  })
  attempts(@Root() { runId }: TrackingRow, @Load() loaders: Loaders) {
    return runId === null ? [] : loaders.attemptsOfRun.load(runId)
  }
}

function trackingOf(run: WorkflowRun | null) {
  return {
    runId: run?.id ?? null,
    runner: run?.runner ?? null,
    externalId: run?.externalId ?? null,
    attempt: run?.attempt ?? null,
    deadline: run?.deadline ?? null,
  }
}
