import { Arg, Args, FieldResolver, Mutation, Resolver, Root } from 'type-graphql'
import { type Deployment as DeploymentColumns, Prisma } from '../../database/generated/client.js'
import { Caller } from '../context/request-context.js'
import type { ServiceContext } from '../context/service-context.js'
import { Deployment } from '../deployment/deployment.type.js'
import { FirstArgs } from '../reading/first.args.js'
import { list } from '../reading/list.js'
import { Sized } from '../reading/list-kind.js'
import { REVIEWS_OF_CANDIDATE } from '../reading/list-kinds.js'
import type { Row } from '../reading/row.js'
import { byKey, DEPLOYMENTS, REVIEWS } from '../reading/tables.js'
import { DeploymentPayload } from '../tracking/tracking.payload.js'
import { ApproveDeploymentInput, RejectDeploymentInput } from './approval.input.js'
import { approveDeployment, rejectDeployment } from './approval.service.js'
import { DeploymentReview } from './approval.type.js'

@Resolver(() => Deployment)
export class DeploymentReviewsResolver {
  @Mutation(() => DeploymentPayload, {
    description:
      'Approves of a deployment that waits. It counts for every deployment of the candidate to the environment, until ' +
      'the candidate is rejected or rolled back there. Takes the role `approver`; who asked for it cannot.',
  })
  async approveDeployment(
    @Caller() ctx: ServiceContext,
    @Arg('input', () => ApproveDeploymentInput) input: ApproveDeploymentInput,
  ) {
    const { deployment } = await approveDeployment(ctx, input.deployment, input.comment ?? null)
    return { deployment: byKey(DEPLOYMENTS, deployment.id) }
  }

  @Mutation(() => DeploymentPayload, {
    description:
      'Rejects a deployment that waits: it is `CANCELED`, and approvals of its candidate there are withdrawn. Takes the ' +
      'role `approver`.',
  })
  async rejectDeployment(
    @Caller() ctx: ServiceContext,
    @Arg('input', () => RejectDeploymentInput) input: RejectDeploymentInput,
  ) {
    const { deployment } = await rejectDeployment(ctx, input.deployment, input.comment)
    return { deployment: byKey(DEPLOYMENTS, deployment.id) }
  }

  @Sized({ list: REVIEWS_OF_CANDIDATE })
  @FieldResolver(() => [DeploymentReview], {
    description: 'What was said of its candidate for its environment, in the order in which it was said.',
  })
  reviews(@Root() { candidateId, environmentId }: Row<DeploymentColumns>, @Args(() => FirstArgs) { first }: FirstArgs) {
    const rows = REVIEWS.where(Prisma.sql`candidate_id = ${candidateId} AND environment_id = ${environmentId}`)
    return list(rows, review => review.id, first)
  }
}
