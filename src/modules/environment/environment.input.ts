import { Field, InputType } from 'type-graphql'
import { EnvironmentTier } from '../../database/generated/enums.js'
import { AutomationInput } from '../automation/automation.input.js'
import { GatesInput } from '../gate/gate.input.js'
import { WorkflowInput } from '../workflow/workflow.input.js'

@InputType({ description: 'A new environment.' })
export class CreateEnvironmentInput {
  @Field(() => String, { description: 'The name of its project.' })
  project!: string

  @Field(() => String, { description: '1 to 100 letters, digits, `-` or `_`; unique within the project.' })
  name!: string

  @Field(() => EnvironmentTier, { description: 'What it is for.' })
  tier!: EnvironmentTier

  @Field(() => WorkflowInput, {
    nullable: true,
    description: 'What deploys to it. Without it, the pipelines drive Slipway over the API.',
  })
  deployWorkflow?: WorkflowInput | null

  @Field(() => GatesInput, { nullable: true, description: 'What a deployment to it has to pass.' })
  gates?: GatesInput | null

  @Field(() => AutomationInput, { nullable: true, description: 'What Slipway does there by itself.' })
  automation?: AutomationInput | null
}

@InputType({ description: 'A change of an environment. What is left out stays as it is.' })
export class UpdateEnvironmentInput {
  @Field(() => String, { description: 'The name of its project.' })
  project!: string

  @Field(() => String, { description: 'The name the environment has.' })
  environment!: string

  @Field(() => String, { nullable: true, description: 'The name it gets. Its deployments follow.' })
  name?: string | null

  @Field(() => EnvironmentTier, { nullable: true, description: 'What it is for from now on.' })
  tier?: EnvironmentTier | null

  @Field(() => WorkflowInput, {
    nullable: true,
    description: 'What deploys to it. Null: the pipelines drive Slipway over the API again.',
  })
  deployWorkflow?: WorkflowInput | null

  @Field(() => GatesInput, { nullable: true, description: 'What a deployment to it has to pass from now on.' })
  gates?: GatesInput | null

  @Field(() => AutomationInput, { nullable: true, description: 'What Slipway does there by itself from now on.' })
  automation?: AutomationInput | null
}

@InputType({ description: 'An environment that is spoken of.' })
export class ResumeEnvironmentInput {
  @Field(() => String, { description: 'The name of its project.' })
  project!: string

  @Field(() => String, { description: 'Its name.' })
  environment!: string
}
