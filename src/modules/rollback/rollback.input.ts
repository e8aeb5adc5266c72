import { Field, InputType } from 'type-graphql'

@InputType({ description: 'A rollback that is asked for.' })
export class RollbackEnvironmentInput {
  @Field(() => String, { description: 'The name of the project.' })
  project!: string

  @Field(() => String, { description: 'The name of the environment.' })
  environment!: string

  @Field(() => Boolean, {
    nullable: true,
    description: 'Whether no freeze is to stop it. Takes the role `approver`.',
  })
  force?: boolean | null

  @Field(() => String, { nullable: true, description: 'Why. Kept with the rollback and in the audit.' })
  reason?: string | null
}
