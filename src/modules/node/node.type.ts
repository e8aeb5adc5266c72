import { Field, ID, InterfaceType } from 'type-graphql'

@InterfaceType({ description: 'Anything that has a global ID.' })
export abstract class Node {
  @Field(() => ID, { description: 'Opaque and the same everywhere: what `node(id:)` and the REST API know it by.' })
  id!: string
}
