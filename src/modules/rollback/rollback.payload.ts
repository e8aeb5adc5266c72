import { Field, ObjectType } from 'type-graphql'
import { Deployment } from '../deployment/deployment.type.js'

@ObjectType({ description: 'What `rollbackEnvironment` answers.', simpleResolvers: true })
export class RollbackEnvironmentPayload {
  @Field(() => Deployment, { description: 'The rollback, a deployment of kind `ROLLBACK`.' })
  deployment!: Deployment

  @Field(() => Boolean, { description: 'False when the same rollback was under way already.' })
  created!: boolean
}
