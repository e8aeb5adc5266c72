import { Field, InputType, Int, registerEnumType } from 'type-graphql'
import { LONGEST_SUBJECT } from '../../core/text.js'
import { Limited } from '../input/input-limit.js'
import { Lane } from './gates.js'

registerEnumType(Lane, {
  name: 'Lane',
  description: 'What happens to a deployment while another one is active on the environment. What waits is not active.',
  valuesConfig: {
    ALLOW: { description: 'It starts, too.' },
    REJECT: { description: 'It is refused.' },
    QUEUE: { description: 'It waits; the oldest that nothing else holds back goes first.' },
    SUPERSEDE: { description: 'It waits, and what waited before it is canceled.' },
  },
})

@InputType({ description: 'The candidate must have succeeded elsewhere before.' })
export class PromotionGateInput {
  @Field(() => [String], { description: 'The names of environments of the same project: in all of them.' })
  environments!: string[]

  @Field(() => Int, { nullable: true, description: 'So many minutes ago, at least; 0 by default.' })
  soakMinutes?: number | null
}

@InputType({ description: 'People must have approved of the candidate for the environment.' })
export class ApprovalGateInput {
  @Field(() => Int, { description: 'So many different people, never who asked for the deployment.' })
  requiredApprovals!: number

  @Limited({ characters: LONGEST_SUBJECT })
  @Field(() => [String], {
    nullable: true,
    description: 'The subjects whose approvals count, all with the role `approver`; null: everybody with that role.',
  })
  approvers?: string[] | null
}

@InputType({ description: 'What a deployment has to pass. What is left out stays as it is; null takes a gate away.' })
export class GatesInput {
  @Field(() => PromotionGateInput, { nullable: true, description: 'Where the candidate must have succeeded before.' })
  promotion?: PromotionGateInput | null

  @Field(() => ApprovalGateInput, { nullable: true, description: 'Who must have approved of it.' })
  approval?: ApprovalGateInput | null

  @Field(() => Lane, { nullable: true, description: 'What happens while another deployment is active; null: `ALLOW`.' })
  lane?: Lane | null

  @Field(() => Int, {
    nullable: true,
    description: 'What has waited for so many hours is canceled; null: it waits for ever.',
  })
  expiresAfterHours?: number | null
}
