import { ArgsType, Field, Int } from 'type-graphql'

/** The argument of a list without pages. */
@ArgsType()
export class FirstArgs {
  @Field(() => Int, {
    nullable: true,
    description:
      'How many to return at most, from the beginning of the list; without it all, unless they are too many.',
  })
  first?: number | null
}
