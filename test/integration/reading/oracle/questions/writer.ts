import { type GraphQLSchema, validate } from 'graphql'
import type { Random } from '../../../../support/random.js'
import type { Question } from '../oracle.js'
import { Draft } from './draft.js'
import type { Values } from './values.js'

/** How large a question may get. */
export interface Size {
  /** Fields within fields. */
  readonly depth: number
  /** Fields and fragments. */
  readonly selections: number
  /** Objects that a field may be asked of, as far as it can be told before. */
  readonly objects: number
}

/** Hardly ever is more than one thrown away. */
const MOST_TRIES = 50

/** Writes questions at random that the schema allows. */
export class QuestionWriter {
  /** @param interestOf how much a field, such as `Project.name`, is to be preferred: from 0 to 1 */
  constructor(
    private readonly schema: GraphQLSchema,
    private readonly values: Values,
    private readonly random: Random,
    private readonly size: Size,
    private readonly interestOf: (field: string) => number,
  ) {}

  write(): Question {
    for (let tries = 1; ; tries += 1) {
      const question = new Draft(this.schema, this.values, this.random, this.size, this.interestOf).question()
      const faults = validate(this.schema, question.document)
      if (faults.length === 0) return question
      if (tries === MOST_TRIES) throw new Error(`Questions are not valid: ${faults.join('; ')}`)
    }
  }
}
