import { Field, InputType, Int } from 'type-graphql'
import { LONGEST_URL } from '../../core/text.js'
import { Limited } from '../input/input-limit.js'
import { knownPlaceholders, type RunPurpose } from './placeholder.rules.js'

const shown = (purpose: RunPurpose) =>
  knownPlaceholders(purpose)
    .map(placeholder => `\`${placeholder}\``)
    .join(', ')

@InputType({ description: 'Something that a run is started with.' })
export class ParameterInput {
  @Field(() => String, { description: 'The name of the workflow’s input, or of the environment variable.' })
  name!: string

  @Field(() => String, {
    description: `Its value. Filled in are, for builds, ${shown('build')}, and for deployments ${shown('deploy')}.`,
  })
  value!: string
}

@InputType({ description: 'A workflow of GitHub Actions that can be dispatched (`on: workflow_dispatch`).' })
export class GitHubActionsWorkflowInput {
  @Field(() => String, { description: 'The name of its file, such as `deploy.yml`, or its number.' })
  workflow!: string

  @Field(() => String, {
    nullable: true,
    description: 'The branch or tag whose workflow file is run; by default the repository’s default branch.',
  })
  ref?: string | null

  @Field(() => String, { nullable: true, description: '`owner/repo`; by default the project’s.' })
  repository?: string | null
}

@InputType({ description: 'A pipeline of Buildkite.' })
export class BuildkiteWorkflowInput {
  @Field(() => String, { description: 'The organization’s slug.' })
  organization!: string

  @Field(() => String, { description: 'The pipeline’s slug.' })
  pipeline!: string

  @Field(() => String, { nullable: true, description: 'By default the pipeline’s default branch.' })
  branch?: string | null
}

@InputType({ description: 'A receiver of signed webhooks (Standard Webhooks 1.0), which reports back over the API.' })
export class WebhookWorkflowInput {
  @Limited({ characters: LONGEST_URL })
  @Field(() => String, { description: 'Where to send them, an https or http URL.' })
  url!: string

  @Field(() => String, {
    nullable: true,
    description: '`whsec_…`, what they are signed with. Never shown again; left out, the one there is stays.',
  })
  secret?: string | null
}

@InputType({ description: 'The CI/CD job that builds or deploys: exactly one of the first three.' })
export class WorkflowInput {
  @Field(() => GitHubActionsWorkflowInput, { nullable: true, description: 'A workflow of GitHub Actions.' })
  githubActions?: GitHubActionsWorkflowInput | null

  @Field(() => BuildkiteWorkflowInput, { nullable: true, description: 'A pipeline of Buildkite.' })
  buildkite?: BuildkiteWorkflowInput | null

  @Field(() => WebhookWorkflowInput, { nullable: true, description: 'A signed webhook.' })
  webhook?: WebhookWorkflowInput | null

  @Field(() => [ParameterInput], {
    nullable: true,
    description: 'What a run is started with; by default what workflow files written for Aviator Releases expect.',
  })
  parameters?: ParameterInput[] | null

  @Field(() => Int, {
    nullable: true,
    description: 'A run that has not ended so many minutes after it was started counts as lost; by default 60.',
  })
  timeoutMinutes?: number | null
}
