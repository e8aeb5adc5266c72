import { GraphQLDateTime } from 'graphql-scalars'
import { Field, ObjectType } from 'type-graphql'

@ObjectType({ description: 'What Slipway does on an environment by itself.', simpleResolvers: true })
export class Automation {
  @Field(() => Boolean, { description: 'Whether it deploys each candidate that becomes ready.' })
  deployWhenReady!: boolean

  @Field(() => Boolean, { description: 'Whether it rolls back what ends as `FAILURE` or `ERROR`.' })
  rollBackOnFailure!: boolean

  @Field(() => Boolean, { description: 'Whether it puts a candidate that is rolled back into quarantine.' })
  quarantineOnRollback!: boolean
}

@ObjectType({
  description: 'What holds automation on an environment until a person resumes it.',
  simpleResolvers: true,
})
export class Hold {
  @Field(() => GraphQLDateTime, { description: 'Since when.' })
  since!: Date

  @Field(() => String, { description: 'Why.' })
  reason!: string
}
