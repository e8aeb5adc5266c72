import { Arg, ID, Query, Resolver } from 'type-graphql'
import { Caller, Load, type Loaders } from '../context/request-context.js'
import type { ServiceContext } from '../context/service-context.js'
import { findNode } from './node.queries.js'
import { Node } from './node.type.js'

@Resolver()
export class NodeResolver {
  @Query(() => Node, { nullable: true, description: 'Anything by its global ID.' })
  node(@Caller() ctx: ServiceContext, @Load() loaders: Loaders, @Arg('id', () => ID) id: string) {
    return findNode(ctx, loaders, id)
  }
}
