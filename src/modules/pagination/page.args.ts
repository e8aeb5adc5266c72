import { ArgsType, Field, Int } from 'type-graphql'
import { SlipwayError } from '../../core/errors.js'

const DEFAULT_SIZE = 20
const LARGEST_SIZE = 100

@ArgsType()
export class PageArgs {
  @Field(() => Int, {
    nullable: true,
    defaultValue: DEFAULT_SIZE,
    description: `How many to return, from the newest on: at most ${LARGEST_SIZE}.`,
  })
  first?: number | null

  @Field(() => String, { nullable: true, description: 'The `endCursor` of the page before this one.' })
  after?: string | null
}

/**
 * How many rows a page may hold.
 *
 * @throws SlipwayError `INVALID_INPUT` when more are asked for than one page may hold
 */
export function pageSize(args: PageArgs): number {
  const first = args.first ?? DEFAULT_SIZE
  if (first < 0 || first > LARGEST_SIZE) {
    throw new SlipwayError('INVALID_INPUT', {
      message: `Invalid first: ${first}`,
      details: `Ask for 0 to ${LARGEST_SIZE}, and for what follows with \`after\`.`,
    })
  }
  return first
}
