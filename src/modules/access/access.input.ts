import { Field, InputType } from 'type-graphql'
import { LONGEST_SUBJECT } from '../../core/text.js'
import { Limited } from '../input/input-limit.js'

@InputType({ description: 'A token that is to be refused from now on.' })
export class RevokeTokenInput {
  @Limited({ characters: LONGEST_SUBJECT })
  @Field(() => String, { description: 'The token’s `jti` claim.' })
  tokenId!: string
}
