import { Field, InputType } from 'type-graphql'

@InputType({ description: 'What Slipway does on an environment by itself. What is left out stays as it is.' })
export class AutomationInput {
  @Field(() => Boolean, { nullable: true, description: 'Deploys each candidate that becomes ready.' })
  deployWhenReady?: boolean | null

  @Field(() => [String], {
    nullable: true,
    description: 'Deploys each candidate that has succeeded in all of these environments of the project; empty: none.',
  })
  deployAfterSuccessIn?: string[] | null

  @Field(() => Boolean, {
    nullable: true,
    description:
      'Rolls back what ends as `FAILURE` or `ERROR`, once; automation is held then until a person resumes it.',
  })
  rollBackOnFailure?: boolean | null

  @Field(() => Boolean, { nullable: true, description: 'Puts a candidate that is rolled back into quarantine.' })
  quarantineOnRollback?: boolean | null
}
