import { Extensions } from 'type-graphql'
import type { ErrorReason } from '../../core/errors.js'

/**
 * How much an argument, or a member of an input, may hold. What is left out is as for every other one: `LONGEST_TEXT`,
 * `LONGEST_INPUT_LIST` and `INVALID_INPUT` (src/graphql/input-limits.ts).
 */
export interface InputLimit {
  /** Of the text, or of each text in the list. */
  readonly characters?: number
  /** What a text that is too long is refused as, where a malformed one has an error of its own. */
  readonly reason?: ErrorReason
}

declare module 'graphql' {
  interface GraphQLInputFieldExtensions {
    limit?: InputLimit
  }
  interface GraphQLArgumentExtensions {
    limit?: InputLimit
  }
}

/** Declares how much a member of an input may hold. Not on a class that others extend: type-graphql loses it there. */
export const Limited = (limit: InputLimit) => Extensions({ limit })
