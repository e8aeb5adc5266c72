import { Arg, FieldResolver, Mutation, Resolver, Root } from 'type-graphql'
import type { ReleaseCandidate as CandidateColumns } from '../../database/generated/client.js'
import { Caller } from '../context/request-context.js'
import type { ServiceContext } from '../context/service-context.js'
import { Environment } from '../environment/environment.type.js'
import { Sized } from '../reading/list-kind.js'
import { ENVIRONMENTS_OF_PROJECT } from '../reading/list-kinds.js'
import type { Row } from '../reading/row.js'
import { byKey, CANDIDATES } from '../reading/tables.js'
import { ReleaseCandidate } from '../release/release.type.js'
import { QuarantineInput } from './quarantine.input.js'
import { CandidatePayload } from './quarantine.payload.js'
import { environmentsThatRun, quarantineOf } from './quarantine.rows.js'
import { quarantineCandidate, releaseFromQuarantine } from './quarantine.service.js'
import { Quarantine } from './quarantine.type.js'

@Resolver(() => ReleaseCandidate)
export class CandidateQuarantineResolver {
  @Mutation(() => CandidatePayload, {
    description: 'Puts a candidate into quarantine: it can be deployed nowhere. Takes the role `deployer`.',
  })
  async quarantineCandidate(
    @Caller() ctx: ServiceContext,
    @Arg('input', () => QuarantineInput) input: QuarantineInput,
  ) {
    const { id } = await quarantineCandidate(ctx, input)
    return { candidate: byKey(CANDIDATES, id) }
  }

  @Mutation(() => CandidatePayload, {
    description: 'Releases a candidate from quarantine. Takes the role `approver`.',
  })
  async releaseFromQuarantine(
    @Caller() ctx: ServiceContext,
    @Arg('input', () => QuarantineInput) input: QuarantineInput,
  ) {
    const { id } = await releaseFromQuarantine(ctx, input)
    return { candidate: byKey(CANDIDATES, id) }
  }

  @FieldResolver(() => Quarantine, { nullable: true, description: 'The quarantine that it is in; null: it is not.' })
  quarantine(@Root() candidate: Row<CandidateColumns>) {
    return quarantineOf(candidate)
  }

  @Sized({ list: ENVIRONMENTS_OF_PROJECT })
  @FieldResolver(() => [Environment], { description: 'The environments that run it, in promotion order.' })
  runsOn(@Root() candidate: Row<CandidateColumns>) {
    return environmentsThatRun(candidate)
  }
}
