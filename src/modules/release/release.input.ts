import { Field, InputType } from 'type-graphql'
import { Limited } from '../input/input-limit.js'

@InputType({ description: 'A release candidate to be cut.' })
export class CreateReleaseInput {
  @Field(() => String, { description: 'The name of the project.' })
  project!: string

  @Limited({ reason: 'INVALID_CANDIDATE_VERSION' })
  @Field(() => String, { description: '`<release version>-rc<N>`, such as `v1.4.0-rc1`.' })
  candidateVersion!: string

  @Limited({ reason: 'REPOSITORY_NOT_FOUND' })
  @Field(() => String, { description: '`org/repo_name`: must be the project’s.' })
  repository!: string

  @Limited({ reason: 'INVALID_COMMIT' })
  @Field(() => String, {
    description: '7 to 64 hexadecimal digits, resolved to the full SHA by the repository’s host.',
  })
  commit!: string

  @Field(() => Boolean, {
    defaultValue: false,
    description: 'Whether to trigger the project’s build workflow. Without one the candidate is ready at once.',
  })
  triggerBuildWorkflow!: boolean
}
