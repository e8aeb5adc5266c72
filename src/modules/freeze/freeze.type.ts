import { GraphQLDateTime } from 'graphql-scalars'
import { Field, ObjectType } from 'type-graphql'
import { Node } from '../node/node.type.js'
import { connectionOf } from '../pagination/connection.type.js'

@ObjectType({ description: 'A stretch of time in which a freeze binds.', simpleResolvers: true })
export class FreezeWindow {
  @Field(() => GraphQLDateTime, { description: 'From when on it binds.' })
  startsAt!: Date

  @Field(() => GraphQLDateTime, { nullable: true, description: 'From when on it does not; null: until it is lifted.' })
  endsAt!: Date | null
}

@ObjectType({ implements: Node, description: 'A time in which nothing is deployed.', simpleResolvers: true })
export class Freeze implements Node {
  id!: string

  @Field(() => GraphQLDateTime, { description: 'From when on it binds, or its windows are counted.' })
  startsAt!: Date

  @Field(() => GraphQLDateTime, { nullable: true, description: 'From when on it does not bind any more.' })
  endsAt!: Date | null

  @Field(() => String, {
    nullable: true,
    description: 'When its windows begin, an RFC 5545 rule; null: it is one window.',
  })
  rrule!: string | null

  @Field(() => String, { nullable: true, description: 'How long each window is, ISO 8601.' })
  duration!: string | null

  @Field(() => String, { nullable: true, description: 'The IANA time zone of the windows.' })
  timeZone!: string | null

  @Field(() => Boolean, { description: 'Whether it was declared in an emergency.' })
  isEmergency!: boolean

  @Field(() => String, { description: 'Why.' })
  reason!: string

  @Field(() => String, { description: 'Who declared it.' })
  actor!: string

  @Field(() => GraphQLDateTime, { description: 'When it was declared.' })
  createdAt!: Date

  @Field(() => GraphQLDateTime, {
    nullable: true,
    description: 'Until when it does not bind, since a window of it was lifted early.',
  })
  suspendedUntil!: Date | null

  @Field(() => GraphQLDateTime, { nullable: true, description: 'When it was lifted.' })
  liftedAt!: Date | null

  @Field(() => String, { nullable: true, description: 'Who lifted it.' })
  liftedBy!: string | null
}

@ObjectType({ description: 'What the mutations about a freeze answer.', simpleResolvers: true })
export class FreezePayload {
  @Field(() => Freeze, { description: 'The freeze as it is now.' })
  freeze!: Freeze
}

export const FreezeConnection = connectionOf('Freeze', () => Freeze)
