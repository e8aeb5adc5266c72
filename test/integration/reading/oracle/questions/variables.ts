import {
  type ConstValueNode,
  type GraphQLInputType,
  getNullableType,
  isListType,
  isNonNullType,
  Kind,
  parseType,
  type ValueNode,
  type VariableDefinitionNode,
} from 'graphql'
import type { Random } from '../../../../support/random.js'
import { valueNode } from './nodes.js'

/** The variables of a question: what is declared of them, and the values that come with it. */
export class Variables {
  readonly definitions: VariableDefinitionNode[] = []
  readonly values: Record<string, unknown> = {}

  constructor(private readonly random: Random) {}

  /**
   * A place for a value: it itself or a variable that stands for it, be it given or the default of the variable.
   *
   * @param isOptional whether the place has a default of its own, so that it takes a variable that may be null
   */
  place(value: unknown, type: GraphQLInputType, isOptional: boolean): ValueNode {
    const { random } = this
    if (random.chance(0.55)) return this.literal(value, type)
    const nullable = getNullableType(type)
    const variants = [
      () => this.declare(`${nullable}!`, { value }),
      () => this.declare(`${nullable}`, { byDefault: valueNode(value, nullable) }),
      () => this.declare(`${nullable}`, { byDefault: valueNode(value, nullable), value }),
      ...(isOptional ? [() => this.declare(`${nullable}`, { value })] : []),
    ]
    return random.pick(variants)()
  }

  /** A place for nothing: null, a variable that is null, or one that does not come. */
  nothing(type: GraphQLInputType): ValueNode {
    const { random } = this
    if (isNonNullType(type)) {
      // That a variable does not come is taken for the default, and that it is null is refused.
      return this.declare(`${getNullableType(type)}`, random.chance(0.2) ? { value: null } : {})
    }
    const variants = [
      (): ValueNode => ({ kind: Kind.NULL }),
      () => this.declare(`${type}`, { value: null }),
      () => this.declare(`${type}`, {}),
    ]
    return random.pick(variants)()
  }

  /** A list may have variables among its values. */
  private literal(value: unknown, type: GraphQLInputType): ValueNode {
    const nullable = getNullableType(type)
    const { random } = this
    if (!Array.isArray(value) || !isListType(nullable) || random.chance(0.5)) return valueNode(value, type)
    return { kind: Kind.LIST, values: value.map(item => this.place(item, nullable.ofType, false)) }
  }

  private declare(type: string, { value, byDefault }: { value?: unknown; byDefault?: ValueNode }): ValueNode {
    const name = { kind: Kind.NAME, value: `v${this.definitions.length}` } as const
    const variable = { kind: Kind.VARIABLE, name } as const
    this.definitions.push({
      kind: Kind.VARIABLE_DEFINITION,
      variable,
      type: parseType(type),
      ...(byDefault !== undefined && { defaultValue: byDefault as ConstValueNode }),
    })
    if (value !== undefined) this.values[name.value] = value
    return variable
  }
}
