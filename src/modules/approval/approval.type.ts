import { GraphQLDateTime } from 'graphql-scalars'
import { Field, ObjectType, registerEnumType } from 'type-graphql'
import { ReviewVerdict } from '../../database/generated/enums.js'

registerEnumType(ReviewVerdict, {
  name: 'ReviewVerdict',
  description: 'What somebody said of a deployment.',
  valuesConfig: {
    APPROVED: { description: 'Yes.' },
    REJECTED: { description: 'No; it was canceled.' },
  },
})

@ObjectType({ description: 'What somebody said of a deployment that waited for approval.', simpleResolvers: true })
export class DeploymentReview {
  @Field(() => ReviewVerdict, { description: 'What was said.' })
  verdict!: ReviewVerdict

  @Field(() => String, { description: 'Who said it.' })
  actor!: string

  @Field(() => String, { nullable: true, description: 'In their words.' })
  comment!: string | null

  @Field(() => GraphQLDateTime, { description: 'When it was said.' })
  at!: Date

  @Field(() => GraphQLDateTime, {
    nullable: true,
    description: 'Since when it does not count any more, as the candidate was rejected or rolled back there.',
  })
  withdrawnAt!: Date | null
}
