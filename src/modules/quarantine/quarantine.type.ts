import { GraphQLDateTime } from 'graphql-scalars'
import { Field, ObjectType } from 'type-graphql'

@ObjectType({
  description: 'The quarantine that a candidate is in: it can be deployed nowhere.',
  simpleResolvers: true,
})
export class Quarantine {
  @Field(() => GraphQLDateTime, { description: 'Since when.' })
  since!: Date

  @Field(() => String, { description: 'Who has put it there.' })
  actor!: string

  @Field(() => String, { description: 'Why.' })
  reason!: string
}
