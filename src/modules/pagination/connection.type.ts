import { Arg, type ClassType, Field, Int, ObjectType } from 'type-graphql'
import { LARGEST_COUNT, USUAL_COUNT } from '../reading/list-kinds.js'

const COUNT_LIMIT = `How far to count: 1 to ${LARGEST_COUNT}.`

@ObjectType({ description: 'Where a page lies in its list.', simpleResolvers: true })
class PageInfo {
  @Field(() => Boolean, { description: 'Whether the list goes on after this page.' })
  hasNextPage!: boolean

  @Field(() => Boolean, { description: 'Whether something precedes this page.' })
  hasPreviousPage!: boolean

  @Field(() => String, { nullable: true, description: 'The cursor of the first edge.' })
  startCursor!: string | null

  @Field(() => String, { nullable: true, description: 'The cursor of the last edge: `after` of the next page.' })
  endCursor!: string | null
}

/** Makes the connection type, and its edge type, of a list of `name`s. */
export function connectionOf<Node extends object>(name: string, node: () => ClassType<Node>) {
  @ObjectType(`${name}Edge`, { description: `A ${name} in a list, and its place in it.`, simpleResolvers: true })
  class Edge {
    @Field(() => String, { description: 'Marks this place: `after` it, the list goes on.' })
    cursor!: string

    @Field(() => node(), { description: `The ${name} itself.` })
    node!: Node
  }

  @ObjectType(`${name}Connection`, { description: `A page of a list of ${name}s.`, simpleResolvers: true })
  class Connection {
    @Field(() => [Edge], { description: 'The page, with a cursor for each place.' })
    edges!: Edge[]

    @Field(() => [node()], { description: 'The page.' })
    nodes!: Node[]

    @Field(() => PageInfo, { description: 'Where the page lies in the list.' })
    pageInfo!: PageInfo

    @Field(() => Int, {
      description:
        'How many the whole list holds. Counting ends one above `limit`, so that a count above it means "more".',
    })
    totalCount(
      @Arg('limit', () => Int, { nullable: true, defaultValue: USUAL_COUNT, description: COUNT_LIMIT })
      _limit: number | null,
    ): number {
      throw new Error('A count is part of the statement that reads the page (src/graphql/reading.ts)')
    }
  }

  return Connection
}
