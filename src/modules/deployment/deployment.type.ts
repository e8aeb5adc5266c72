import { GraphQLDateTime } from 'graphql-scalars'
import { Field, Int, ObjectType, registerEnumType } from 'type-graphql'
import { DeploymentKind, DeploymentStatus } from '../../database/generated/enums.js'
import { Node } from '../node/node.type.js'
import { connectionOf } from '../pagination/connection.type.js'

registerEnumType(DeploymentStatus, {
  name: 'DeploymentStatus',
  description: 'How far a deployment is. The first four are active, the last four finished.',
  valuesConfig: {
    PENDING: { description: 'It was asked for and has not begun.' },
    IN_PROGRESS: { description: 'It runs.' },
    CANCELING: { description: 'It was asked to stop and has not stopped.' },
    UNKNOWN: { description: 'It has not ended, and nothing more is known.' },
    SUCCESS: { description: 'It ran, and the candidate is deployed.' },
    FAILURE: { description: 'It ran and said no.' },
    CANCELED: { description: 'It was stopped.' },
    ERROR: { description: 'It could not be run, or was lost.' },
  },
})

registerEnumType(DeploymentKind, {
  name: 'DeploymentKind',
  description: 'What a deployment is for.',
  valuesConfig: {
    DEPLOYMENT: { description: 'To put a candidate on an environment.' },
    ROLLBACK: { description: 'To get a good candidate back.' },
  },
})

@ObjectType({
  implements: Node,
  description: 'One run that puts one release candidate on one environment.',
  simpleResolvers: true,
})
export class Deployment implements Node {
  id!: string

  @Field(() => Int, { description: 'Counts the deployments of the environment, from 1.' })
  number!: number

  @Field(() => DeploymentStatus, { description: 'How far it is.' })
  status!: DeploymentStatus

  @Field(() => String, { description: 'Who asked for it, or first reported it.' })
  actor!: string

  @Field(() => String, { nullable: true, description: 'What went wrong, as it was reported with the status.' })
  errorMessage!: string | null

  @Field(() => String, { nullable: true, description: 'Where the run can be watched.' })
  externalUrl!: string | null

  @Field(() => GraphQLDateTime, { description: 'When it was created.' })
  createdAt!: Date

  @Field(() => GraphQLDateTime, { nullable: true, description: 'When it first left `PENDING`.' })
  startedAt!: Date | null

  @Field(() => GraphQLDateTime, {
    nullable: true,
    description: 'When it got the finished status it has; null while it is active.',
  })
  finishedAt!: Date | null

  @Field(() => DeploymentKind, { description: 'What it is for.' })
  kind!: DeploymentKind

  @Field(() => Boolean, { description: 'Whether Slipway asked for it by itself.' })
  isAutomatic!: boolean

  @Field(() => Boolean, { description: 'Whether it was to go through freezes.' })
  isForced!: boolean

  @Field(() => String, { nullable: true, description: 'Why it was forced or rolled back.' })
  reason!: string | null

  @Field(() => GraphQLDateTime, {
    nullable: true,
    description: 'When its gates let it through; null while it waits for them, and if it was canceled then.',
  })
  admittedAt!: Date | null

  @Field(() => GraphQLDateTime, { nullable: true, description: 'Until when it waits for its gates at most.' })
  expiresAt!: Date | null
}

@ObjectType({ description: 'An entry of a deployment’s history.', simpleResolvers: true })
export class DeploymentStatusChange {
  @Field(() => DeploymentStatus, { description: 'The status that was reported or set.' })
  status!: DeploymentStatus

  @Field(() => String, { description: 'Who reported or set it.' })
  actor!: string

  @Field(() => GraphQLDateTime, { description: 'When it happened.' })
  at!: Date

  @Field(() => GraphQLDateTime, {
    description: 'When Slipway learned of it. What had been overtaken by then changed nothing.',
  })
  recordedAt!: Date

  @Field(() => String, { nullable: true, description: 'The error message that came with it.' })
  message!: string | null
}

@ObjectType({ description: 'What `createDeployment` answers.', simpleResolvers: true })
export class CreateDeploymentPayload {
  @Field(() => Deployment, { description: 'The new deployment.' })
  deployment!: Deployment
}

@ObjectType({ description: 'What `updateDeploymentStatus` answers.', simpleResolvers: true })
export class UpdateDeploymentStatusPayload {
  @Field(() => Deployment, { description: 'The deployment that the report spoke of.' })
  deployment!: Deployment

  @Field(() => Boolean, { description: 'Whether the report created it.' })
  created!: boolean
}

export const DeploymentConnection = connectionOf('Deployment', () => Deployment)
