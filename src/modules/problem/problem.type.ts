import { GraphQLDateTime } from 'graphql-scalars'
import { Field, ObjectType } from 'type-graphql'

@ObjectType({
  description: 'What Slipway could not do by itself, and does not try again before it is asked to.',
  simpleResolvers: true,
})
export class Problem {
  @Field(() => String, { description: 'What could not be done, and why.' })
  message!: string

  @Field(() => GraphQLDateTime, { description: 'When it was given up.' })
  at!: Date
}
