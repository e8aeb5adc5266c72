import { GraphQLDateTime } from 'graphql-scalars'
import { ArgsType, Field, ID, InputType } from 'type-graphql'
import { PageArgs } from '../pagination/page.args.js'

@ArgsType()
export class FreezesArgs extends PageArgs {
  @Field(() => Boolean, {
    nullable: true,
    defaultValue: false,
    description: 'Whether to leave out those that are lifted or over.',
  })
  open?: boolean | null
}

@InputType({ description: 'A time in which nothing is deployed.' })
export class CreateFreezeInput {
  @Field(() => String, { nullable: true, description: 'The name of the project that it binds; null: all projects.' })
  project?: string | null

  @Field(() => [String], {
    nullable: true,
    description: 'The names of the environments of the project that it binds; null or empty: all of them.',
  })
  environments?: string[] | null

  @Field(() => GraphQLDateTime, {
    nullable: true,
    description: 'From when on it binds, now by default. A recurring one counts its windows from there.',
  })
  startsAt?: Date | null

  @Field(() => GraphQLDateTime, {
    nullable: true,
    description: 'From when on it does not bind any more; null: it binds until it is lifted.',
  })
  endsAt?: Date | null

  @Field(() => String, {
    nullable: true,
    description:
      'When its windows begin, as an RFC 5545 rule such as `FREQ=WEEKLY;BYDAY=FR`. With a duration and a zone.',
  })
  rrule?: string | null

  @Field(() => String, {
    nullable: true,
    description:
      'How long each window is, ISO 8601, such as `P2DT14H`. A day is one of the calendar, also when clocks are set.',
  })
  duration?: string | null

  @Field(() => String, { nullable: true, description: 'The IANA time zone of the windows, such as `Europe/Berlin`.' })
  timeZone?: string | null

  @Field(() => String, { description: 'Why. Told to everybody who is stopped by it.' })
  reason!: string
}

@InputType({ description: 'A freeze that is spoken of.' })
export class LiftFreezeInput {
  @Field(() => ID, { description: 'The freeze’s ID.' })
  freeze!: string

  @Field(() => Boolean, {
    nullable: true,
    defaultValue: false,
    description: 'Of a recurring one, only the window in which it binds now: the next one binds again.',
  })
  onlyThisWindow?: boolean | null
}

@InputType({ description: 'A stop of everything, at once.' })
export class EmergencyStopInput {
  @Field(() => String, { nullable: true, description: 'The name of the project to stop; null: all projects.' })
  project?: string | null

  @Field(() => GraphQLDateTime, { nullable: true, description: 'Until when; null: until it is lifted.' })
  endsAt?: Date | null

  @Field(() => String, { description: 'Why. Told to everybody who is stopped by it.' })
  reason!: string
}
