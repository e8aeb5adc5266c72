import { Field, InputType } from 'type-graphql'

@InputType({ description: 'A candidate that goes into quarantine, or leaves it.' })
export class QuarantineInput {
  @Field(() => String, { description: 'The name of the project.' })
  project!: string

  @Field(() => String, { description: 'The release candidate, such as `v1.4.0-rc1`.' })
  candidateVersion!: string

  @Field(() => String, { description: 'Why. Kept in the audit, and shown while it is in quarantine.' })
  reason!: string
}
