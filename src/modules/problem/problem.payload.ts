import { Field, ObjectType } from 'type-graphql'
import { Environment } from '../environment/environment.type.js'

@ObjectType({ description: 'What `refreshEnvironment` answers.', simpleResolvers: true })
export class RefreshEnvironmentPayload {
  @Field(() => Environment, { description: 'The environment as it is now.' })
  environment!: Environment
}
