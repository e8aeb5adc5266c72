import { GraphQLDateTime } from 'graphql-scalars'
import { ArgsType, Field, InputType, Int } from 'type-graphql'
import { LONGEST_SUBJECT, LONGEST_URL } from '../../core/text.js'
import { DeploymentStatus } from '../../database/generated/enums.js'
import { Limited } from '../input/input-limit.js'
import { PageArgs } from '../pagination/page.args.js'

@ArgsType()
export class EnvironmentDeploymentsArgs extends PageArgs {
  @Field(() => [DeploymentStatus], { nullable: true, description: 'Only deployments of these statuses.' })
  status?: DeploymentStatus[] | null

  @Limited({ characters: LONGEST_SUBJECT })
  @Field(() => String, { nullable: true, description: 'Only deployments that this actor asked for or first reported.' })
  actor?: string | null

  @Limited({ reason: 'INVALID_CANDIDATE_VERSION' })
  @Field(() => String, { nullable: true, description: 'Only deployments of this candidate, such as `v1.4.0-rc1`.' })
  candidate?: string | null

  @Field(() => GraphQLDateTime, {
    nullable: true,
    description: 'Only deployments created then or later. With a time, the list is sorted by the time of creation.',
  })
  since?: Date | null

  @Field(() => GraphQLDateTime, { nullable: true, description: 'Only deployments created before.' })
  until?: Date | null

  @Field(() => Int, {
    nullable: true,
    description:
      'Passes over so many of the newest, for clients that number their pages. Not with `after` or a filter.',
  })
  offset?: number | null
}

@InputType({ description: 'Where something goes.' })
abstract class DeploymentTargetInput {
  @Field(() => String, { description: 'The name of the project.' })
  project!: string

  @Field(() => String, { description: 'The name of the environment.' })
  environment!: string
}

@InputType({ description: 'A deployment that is asked for.' })
export class CreateDeploymentInput extends DeploymentTargetInput {
  @Limited({ reason: 'INVALID_CANDIDATE_VERSION' })
  @Field(() => String, { description: 'The release candidate, such as `v1.4.0-rc1`.' })
  candidateVersion!: string

  @Field(() => Boolean, {
    nullable: true,
    description: 'Whether no freeze is to stop it. Takes the role `approver`, and a reason.',
  })
  force?: boolean | null

  @Field(() => String, { nullable: true, description: 'Why it is forced. Kept in the audit.' })
  reason?: string | null
}

@InputType({ description: 'A report of what a deployment does.' })
export class UpdateDeploymentStatusInput extends DeploymentTargetInput {
  @Limited({ reason: 'INVALID_CANDIDATE_VERSION' })
  @Field(() => String, { description: 'The release candidate, such as `v1.4.0-rc1`.' })
  candidateVersion!: string

  @Field(() => DeploymentStatus, { description: 'The status that it has now.' })
  status!: DeploymentStatus

  @Field(() => String, { nullable: true, description: 'What went wrong.' })
  errorMessage?: string | null

  @Limited({ characters: LONGEST_URL })
  @Field(() => String, { nullable: true, description: 'Where the run can be watched, an http or https URL.' })
  externalUrl?: string | null

  @Field(() => GraphQLDateTime, {
    nullable: true,
    description: 'When it happened; without it, when the report is received. At most five minutes ahead.',
  })
  occurredAt?: Date | null
}
