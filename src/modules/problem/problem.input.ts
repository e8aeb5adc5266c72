import { Field, InputType } from 'type-graphql'

@InputType({ description: 'An environment about which something could not be done.' })
export class RefreshEnvironmentInput {
  @Field(() => String, { description: 'The name of its project.' })
  project!: string

  @Field(() => String, { description: 'Its name.' })
  environment!: string
}
