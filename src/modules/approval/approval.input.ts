import { Field, ID, InputType } from 'type-graphql'

@InputType({ description: 'An approval of a deployment that waits.' })
export class ApproveDeploymentInput {
  @Field(() => ID, { description: 'The deployment’s ID.' })
  deployment!: string

  @Field(() => String, { nullable: true, description: 'What you have to say. Kept with the approval.' })
  comment?: string | null
}

@InputType({ description: 'A rejection of a deployment that waits.' })
export class RejectDeploymentInput {
  @Field(() => ID, { description: 'The deployment’s ID.' })
  deployment!: string

  @Field(() => String, { description: 'Why. Kept with the rejection.' })
  comment!: string
}
