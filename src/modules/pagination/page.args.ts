import { ArgsType, Field, Int } from 'type-graphql'

/** A page holds this many rows unless another number is asked for, and `null` asks for none. */
const DEFAULT_SIZE = 20
/** A page may hold so many rows. */
export const LARGEST_PAGE = 100

@ArgsType()
export class PageArgs {
  @Field(() => Int, {
    nullable: true,
    defaultValue: DEFAULT_SIZE,
    description: `How many to return, from the newest on: at most ${LARGEST_PAGE}.`,
  })
  first?: number | null

  @Field(() => String, { nullable: true, description: 'The `endCursor` of the page before this one.' })
  after?: string | null
}

/** How many rows a page may hold. That it is not too many was seen to before (src/graphql/limits.ts). */
export function pageSize(args: { readonly first?: number | null | undefined }): number {
  return args.first ?? DEFAULT_SIZE
}
