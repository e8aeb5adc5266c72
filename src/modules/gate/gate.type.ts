import { GraphQLDateTime } from 'graphql-scalars'
import { Field, Int, ObjectType, registerEnumType } from 'type-graphql'
import { type ListKind, Sized } from '../reading/list-kind.js'
import { Lane } from './gates.js'
import { GateKind, GateState } from './verdict.js'

registerEnumType(GateKind, {
  name: 'GateKind',
  description: 'What a deployment has to pass.',
  valuesConfig: {
    BUILD: { description: 'The candidate must be `READY`.' },
    QUARANTINE: { description: 'The candidate must not be in quarantine.' },
    FREEZE: { description: 'No freeze may bind the environment.' },
    HOLD: { description: 'Automation must not be held there. Concerns what Slipway deploys by itself.' },
    PROMOTION: { description: 'The candidate must have succeeded elsewhere.' },
    APPROVAL: { description: 'People must have approved of it.' },
    LANE: { description: 'No other deployment may be active there.' },
  },
})

registerEnumType(GateState, {
  name: 'GateState',
  description: 'What a gate says.',
  valuesConfig: {
    OPEN: { description: 'It may pass.' },
    CLOSED: { description: 'It waits.' },
    REFUSED: { description: 'It is not even taken.' },
  },
})

/** Each gate says one thing of a deployment. */
export const GATES: ListKind = { name: 'gates of a deployment', cap: Object.keys(GateKind).length }

@ObjectType({ description: 'What a gate says of a deployment.', simpleResolvers: true })
export class GateVerdict {
  @Field(() => GateKind, { description: 'Which gate.' })
  gate!: GateKind

  @Field(() => GateState, { description: 'What it says.' })
  state!: GateState

  @Field(() => String, { description: 'Why, in a sentence.' })
  message!: string

  @Field(() => String, { nullable: true, description: 'Who or what can open it; null: it is open.' })
  resolution!: string | null

  @Field(() => GraphQLDateTime, { nullable: true, description: 'When it may open by itself.' })
  opensAt!: Date | null
}

@ObjectType({ description: 'What would come of a deployment that were asked for now.', simpleResolvers: true })
export class DeploymentCheck {
  @Field(() => Boolean, { description: 'Whether it would start at once.' })
  allowed!: boolean

  @Field(() => GateState, { description: 'Whether it would start (`OPEN`), wait (`CLOSED`) or not even be taken.' })
  state!: GateState

  @Field(() => Boolean, { description: 'Whether the candidate is older than what the environment runs.' })
  downgrade!: boolean

  @Sized({ list: GATES })
  @Field(() => [GateVerdict], { description: 'What each gate says.' })
  gates!: GateVerdict[]
}

@ObjectType({ description: 'The candidate must have succeeded elsewhere before.', simpleResolvers: true })
export class PromotionGate {
  @Field(() => Int, { description: 'So many minutes ago, at least.' })
  soakMinutes!: number
}

@ObjectType({ description: 'People must have approved of the candidate for the environment.', simpleResolvers: true })
export class ApprovalGate {
  @Field(() => Int, { description: 'So many different people, never who asked for the deployment.' })
  requiredApprovals!: number

  @Field(() => [String], {
    nullable: true,
    description: 'The subjects whose approvals count; null: everybody with the role `approver`.',
  })
  approvers!: string[] | null
}

@ObjectType({
  description: 'What a deployment to an environment has to pass, beside its freezes.',
  simpleResolvers: true,
})
export class Gates {
  @Field(() => Lane, { description: 'What happens while another deployment is active.' })
  lane!: Lane

  @Field(() => Int, { nullable: true, description: 'What has waited for so many hours is canceled.' })
  expiresAfterHours!: number | null
}
