import { Arg, Mutation, Query, Resolver } from 'type-graphql'
import { Caller } from '../context/request-context.js'
import type { ServiceContext } from '../context/service-context.js'
import { RevokeTokenInput } from './access.input.js'
import { revokeToken } from './access.service.js'
import { RevokeTokenPayload, Viewer } from './access.type.js'

@Resolver()
export class AccessResolver {
  @Query(() => Viewer, { description: 'Who asks, and what the token allows.' })
  viewer(@Caller() { actor }: ServiceContext) {
    return { ...actor, projects: actor.projects && [...actor.projects] }
  }

  @Mutation(() => RevokeTokenPayload, {
    description: 'Has a token refused from now on. Repeating it changes nothing. Takes the role `admin`.',
  })
  async revokeToken(@Caller() ctx: ServiceContext, @Arg('input', () => RevokeTokenInput) input: RevokeTokenInput) {
    await revokeToken(ctx, input.tokenId)
    return input
  }
}
