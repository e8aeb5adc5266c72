import { Field, ID, InterfaceType } from 'type-graphql'

/** Describes the field wherever a type resolves it. */
export const GLOBAL_ID = {
  description: 'Opaque and the same everywhere: what `node(id:)` and the REST API know it by.',
}

@InterfaceType({
  description: 'Anything that has a global ID.',
  // `findNode` names the type of the row it found.
  resolveType: (value: { __typename: string }) => value.__typename,
})
export abstract class Node {
  @Field(() => ID, GLOBAL_ID)
  id!: string
}
