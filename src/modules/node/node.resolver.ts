import { Arg, ID, Query, Resolver } from 'type-graphql'
import { Caller } from '../context/request-context.js'
import type { ServiceContext } from '../context/service-context.js'
import { nodeRow } from './node.rows.js'
import { Node } from './node.type.js'

@Resolver()
export class NodeResolver {
  @Query(() => Node, { nullable: true, description: 'Anything by its global ID.' })
  node(@Caller() { actor }: ServiceContext, @Arg('id', () => ID) id: string) {
    return nodeRow(actor, id)
  }
}
