import { GraphQLDateTime } from 'graphql-scalars'
import { Field, Int, ObjectType, registerEnumType } from 'type-graphql'
import { CandidateStatus } from '../../database/generated/enums.js'
import { Node } from '../node/node.type.js'
import { connectionOf } from '../pagination/connection.type.js'

registerEnumType(CandidateStatus, {
  name: 'CandidateStatus',
  description: 'How far the build of a release candidate is.',
  valuesConfig: {
    PENDING: { description: 'It was asked for.' },
    BUILDING: { description: 'It runs.' },
    READY: { description: 'It succeeded, or there is none: the candidate can be deployed.' },
    FAILED: { description: 'It failed.' },
    CANCELED: { description: 'It was canceled.' },
  },
})

@ObjectType({
  implements: Node,
  description: 'A version of a project, with one or more release candidates.',
  simpleResolvers: true,
})
export class Release implements Node {
  id!: string

  @Field(() => String, { description: 'Such as `2026.11.23` or `v1.4.0`; unique within the project.' })
  version!: string

  @Field(() => GraphQLDateTime, { description: 'When its first candidate was cut.' })
  createdAt!: Date
}

@ObjectType({
  implements: Node,
  description: 'A release candidate: one immutable commit of a release, numbered.',
  simpleResolvers: true,
})
export class ReleaseCandidate implements Node {
  id!: string

  @Field(() => Int, { description: 'The N of `<release version>-rc<N>`.' })
  number!: number

  @Field(() => String, { description: 'Full SHA, lower case. Never changes.' })
  commit!: string

  @Field(() => CandidateStatus, { description: 'How far its build is.' })
  status!: CandidateStatus

  @Field(() => String, { description: 'Who cut it.' })
  actor!: string

  @Field(() => GraphQLDateTime, { description: 'When it was cut.' })
  createdAt!: Date
}

@ObjectType({ description: 'What `createRelease` answers.', simpleResolvers: true })
export class CreateReleasePayload {
  @Field(() => ReleaseCandidate, { description: 'The candidate.' })
  candidate!: ReleaseCandidate

  @Field(() => Boolean, { description: 'False when it had been cut at the same commit before.' })
  created!: boolean
}

export const ReleaseConnection = connectionOf('Release', () => Release)
