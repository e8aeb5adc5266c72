import { Field, ObjectType } from 'type-graphql'
import { ReleaseCandidate } from '../release/release.type.js'

@ObjectType({ description: 'What the mutations about the quarantine of a candidate answer.', simpleResolvers: true })
export class CandidatePayload {
  @Field(() => ReleaseCandidate, { description: 'The candidate as it is now.' })
  candidate!: ReleaseCandidate
}
