import { GraphQLDateTime } from 'graphql-scalars'
import { Field, Int, ObjectType, registerEnumType } from 'type-graphql'
import { TrackingSource, WorkflowRunner } from '../../database/generated/enums.js'

registerEnumType(TrackingSource, {
  name: 'TrackingSource',
  description: 'How a status is known.',
  valuesConfig: {
    REQUEST: { description: 'It was asked for, and nothing was heard since.' },
    REPORT: { description: 'A pipeline reported it over the API.' },
    EVENT: { description: 'The runner sent an event.' },
    CHECK: { description: 'The runner was asked.' },
    CONCLUSION: { description: 'Slipway concluded it by itself; should the runner tell otherwise, that counts.' },
    RESOLUTION: { description: 'A person said so.' },
  },
})

registerEnumType(WorkflowRunner, {
  name: 'WorkflowRunner',
  description: 'What runs a workflow.',
  valuesConfig: {
    GITHUB_ACTIONS: { description: 'GitHub Actions.' },
    BUILDKITE: { description: 'Buildkite.' },
    WEBHOOK: { description: 'Whoever receives the signed webhook.' },
  },
})

@ObjectType({ description: 'One try to have a run started or stopped.', simpleResolvers: true })
export class DispatchAttempt {
  @Field(() => GraphQLDateTime, { description: 'When it was begun.' })
  at!: Date

  @Field(() => String, { description: '`dispatch` or `cancel`.' })
  request!: string

  @Field(() => String, {
    description: '`accepted`, `refused`, `later` (it was not done and is tried again) or `unclear`.',
  })
  outcome!: string

  @Field(() => String, { nullable: true, description: 'Why, in the runner’s words.' })
  message!: string | null
}

@ObjectType({ description: 'How the status of a deployment or of a build is known.', simpleResolvers: true })
export class Tracking {
  @Field(() => TrackingSource, { description: 'How it is known.' })
  source!: TrackingSource

  @Field(() => GraphQLDateTime, { description: 'When something was last heard about it.' })
  observedAt!: Date

  @Field(() => GraphQLDateTime, {
    nullable: true,
    description: 'When something is to be done about its run next, such as to ask the runner; null: nothing.',
  })
  nextCheckAt!: Date | null

  @Field(() => WorkflowRunner, { nullable: true, description: 'What runs it; null: a pipeline drives Slipway.' })
  runner!: WorkflowRunner | null

  @Field(() => String, { nullable: true, description: 'The runner’s name for its run; null while it has none.' })
  externalId!: string | null

  @Field(() => Int, { nullable: true, description: 'Which attempt of that run it is, from 1.' })
  attempt!: number | null

  @Field(() => GraphQLDateTime, {
    nullable: true,
    description: 'By then the run must have ended, or it counts as lost.',
  })
  deadline!: Date | null
}

@ObjectType({ description: 'The build of a release candidate.', simpleResolvers: true })
export class CandidateBuild {
  @Field(() => String, { nullable: true, description: 'What went wrong.' })
  errorMessage!: string | null

  @Field(() => String, { nullable: true, description: 'Where it can be watched.' })
  externalUrl!: string | null

  @Field(() => GraphQLDateTime, { description: 'When it was asked for.' })
  createdAt!: Date

  @Field(() => GraphQLDateTime, { nullable: true, description: 'When it began.' })
  startedAt!: Date | null

  @Field(() => GraphQLDateTime, { nullable: true, description: 'When it ended.' })
  finishedAt!: Date | null
}
