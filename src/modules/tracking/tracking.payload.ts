import { Field, ObjectType } from 'type-graphql'
import { Deployment } from '../deployment/deployment.type.js'
import { ReleaseCandidate } from '../release/release.type.js'

@ObjectType({ description: 'What the mutations about one deployment answer.', simpleResolvers: true })
export class DeploymentPayload {
  @Field(() => Deployment, { description: 'The deployment as it is now.' })
  deployment!: Deployment
}

@ObjectType({ description: 'What the mutations about the build of one candidate answer.', simpleResolvers: true })
export class BuildPayload {
  @Field(() => ReleaseCandidate, { description: 'The candidate as it is now.' })
  candidate!: ReleaseCandidate
}
