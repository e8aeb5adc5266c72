import {
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isObjectType,
} from 'graphql'

/** Nothing is without interest, be it answered ever so often. */
const LEAST = 0.15
/** How many fields away what was never answered is interesting, and how much less with each. */
const REACH = 5
const FADING = 0.9

/** How interesting it is to ask for a field, for itself or for what it leads to. */
export class Interest {
  private readonly known = new Map<string, number>()

  /** @param own how interesting a field, such as `Project.name`, is for itself: from 0 to 1 */
  constructor(
    private readonly schema: GraphQLSchema,
    private readonly own: (field: string) => number,
  ) {}

  in(type: GraphQLCompositeType, field: GraphQLField<unknown, unknown>, reach = REACH): number {
    const path = `${type.name}.${field.name}`
    const key = `${path} ${reach}`
    const known = this.known.get(key)
    if (known !== undefined) return known
    const answer = getNamedType(field.type)
    const types = reach === 0 ? [] : isAbstractType(answer) ? this.schema.getPossibleTypes(answer) : [answer]
    const beyond = types
      .filter(isObjectType)
      .flatMap(one => Object.values(one.getFields()).map(next => FADING * this.in(one, next, reach - 1)))
    const interest = Math.max(LEAST, this.own(path), ...beyond)
    this.known.set(key, interest)
    return interest
  }
}
