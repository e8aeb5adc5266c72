import { Field, Int, ObjectType } from 'type-graphql'
import { type ListKind, Sized } from '../reading/list-kind.js'
import { MOST_PARAMETERS } from './workflow.rules.js'

@ObjectType({ description: 'Something that a run is started with.', simpleResolvers: true })
export class Parameter {
  @Field(() => String, { description: 'The name of the workflow’s input, or of the environment variable.' })
  name!: string

  @Field(() => String, { description: 'Its value, placeholders and all.' })
  value!: string
}

@ObjectType({ description: 'A workflow of GitHub Actions.', simpleResolvers: true })
export class GitHubActionsWorkflow {
  @Field(() => String, { description: 'The name of its file, or its number.' })
  workflow!: string

  @Field(() => String, { nullable: true, description: 'Its branch or tag; null: the default branch.' })
  ref!: string | null

  @Field(() => String, { description: '`owner/repo`.' })
  repository!: string
}

@ObjectType({ description: 'A pipeline of Buildkite.', simpleResolvers: true })
export class BuildkiteWorkflow {
  @Field(() => String, { description: 'The organization’s slug.' })
  organization!: string

  @Field(() => String, { description: 'The pipeline’s slug.' })
  pipeline!: string

  @Field(() => String, { nullable: true, description: 'Null: the pipeline’s default branch.' })
  branch!: string | null
}

@ObjectType({ description: 'A receiver of signed webhooks. Its secret is never shown.', simpleResolvers: true })
export class WebhookWorkflow {
  @Field(() => String, { description: 'Where they are sent. The query is for administrators to see.' })
  url!: string
}

const PARAMETERS: ListKind = { name: 'parameters of a workflow', cap: MOST_PARAMETERS }

@ObjectType({ description: 'The CI/CD job that builds or deploys: one of the first three.', simpleResolvers: true })
export class Workflow {
  @Field(() => GitHubActionsWorkflow, { nullable: true, description: 'A workflow of GitHub Actions.' })
  githubActions!: GitHubActionsWorkflow | null

  @Field(() => BuildkiteWorkflow, { nullable: true, description: 'A pipeline of Buildkite.' })
  buildkite!: BuildkiteWorkflow | null

  @Field(() => WebhookWorkflow, { nullable: true, description: 'A signed webhook.' })
  webhook!: WebhookWorkflow | null

  @Sized({ list: PARAMETERS })
  @Field(() => [Parameter], { description: 'What a run is started with.' })
  parameters!: readonly Parameter[]

  @Field(() => Int, { description: 'A run that has not ended so many minutes after its start counts as lost.' })
  timeoutMinutes!: number
}
