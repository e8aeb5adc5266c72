import { Field, InputType } from 'type-graphql'
import { Limited } from '../input/input-limit.js'

@InputType({ description: 'A candidate that goes into quarantine, or leaves it.' })
export class QuarantineInput {
  @Field(() => String, { description: 'The name of the project.' })
  project!: string

  @Limited({ reason: 'INVALID_CANDIDATE_VERSION' })
  @Field(() => String, { description: 'The release candidate, such as `v1.4.0-rc1`.' })
  candidateVersion!: string

  @Field(() => String, { description: 'Why. Kept in the audit, and shown while it is in quarantine.' })
  reason!: string
}
