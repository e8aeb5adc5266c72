import { GraphQLDateTime } from 'graphql-scalars'
import { Field, ID, InputType } from 'type-graphql'
import { LONGEST_URL } from '../../core/text.js'
import { CandidateStatus, DeploymentStatus } from '../../database/generated/enums.js'
import { Limited } from '../input/input-limit.js'

@InputType({ description: 'A deployment that is spoken of.' })
export class DeploymentInput {
  @Field(() => ID, { description: 'The deployment’s ID.' })
  deployment!: string
}

@InputType({ description: 'A deployment whose end can be known no other way.' })
export class ResolveDeploymentInput extends DeploymentInput {
  @Field(() => DeploymentStatus, { description: 'How it ended: a finished status.' })
  status!: DeploymentStatus

  @Field(() => String, { description: 'How that is known. Kept in the history.' })
  reason!: string
}

@InputType({ description: 'A run of GitHub Actions that carries out a deployment.' })
export class SyncDeploymentRunInput extends DeploymentInput {
  @Field(() => String, { description: 'GitHub’s number of the run.' })
  workflowRunId!: string
}

@InputType({ description: 'A candidate whose build is spoken of.' })
export class BuildInput {
  @Field(() => ID, { description: 'The candidate’s ID.' })
  candidate!: string
}

@InputType({ description: 'A build whose end can be known no other way.' })
export class ResolveBuildInput extends BuildInput {
  @Field(() => DeploymentStatus, { description: 'How it ended: a finished status.' })
  status!: DeploymentStatus

  @Field(() => String, { description: 'How that is known.' })
  reason!: string
}

@InputType({ description: 'A run of GitHub Actions that builds a candidate.' })
export class SyncBuildRunInput extends BuildInput {
  @Field(() => String, { description: 'GitHub’s number of the run.' })
  workflowRunId!: string
}

@InputType({ description: 'A report of what the build of a candidate does.' })
export class UpdateBuildStatusInput {
  @Field(() => String, { description: 'The name of the project.' })
  project!: string

  @Limited({ reason: 'INVALID_CANDIDATE_VERSION' })
  @Field(() => String, { description: 'The release candidate, such as `v1.4.0-rc1`.' })
  candidateVersion!: string

  @Field(() => CandidateStatus, { description: 'The build status that it has now.' })
  status!: CandidateStatus

  @Field(() => String, { nullable: true, description: 'What went wrong.' })
  errorMessage?: string | null

  @Limited({ characters: LONGEST_URL })
  @Field(() => String, { nullable: true, description: 'Where the build can be watched, an http or https URL.' })
  externalUrl?: string | null

  @Field(() => GraphQLDateTime, {
    nullable: true,
    description: 'When it happened; without it, when the report is received. At most five minutes ahead.',
  })
  occurredAt?: Date | null
}
