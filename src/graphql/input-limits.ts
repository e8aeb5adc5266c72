import {
  type GraphQLArgument,
  type GraphQLInputField,
  getNamedType,
  getNullableType,
  isInputObjectType,
  isListType,
} from 'graphql'
import { SlipwayError } from '../core/errors.js'
import { isStorable } from '../core/storable-text.js'
import { checkText, LONGEST_INPUT_LIST } from '../core/text.js'

// Whatever a field is given is measured here, before anything of the operation is done. A new argument or member of an
// input is held to the usual limits unless it declares others (src/modules/input/input-limit.ts).

/**
 * Refuses texts and lists in the arguments of a field that hold more than they may, or what cannot be stored.
 *
 * @param values the arguments, coerced by graphql-js
 * @throws SlipwayError that names the argument, or the member of its input
 */
export function checkArguments(
  definitions: readonly GraphQLArgument[],
  values: Readonly<Record<string, unknown>>,
): void {
  for (const definition of definitions) {
    // Mutations have one argument, `input`: callers know its members by their own names.
    const prefix = isInputObjectType(getNullableType(definition.type)) ? '' : definition.name
    checkValue(definition, values[definition.name], prefix)
  }
}

function checkValue(definition: GraphQLArgument | GraphQLInputField, value: unknown, path: string): void {
  if (value == null) return
  if (isListType(getNullableType(definition.type)) && Array.isArray(value)) {
    if (value.length > LONGEST_INPUT_LIST) {
      throw new SlipwayError('INVALID_INPUT', { message: `${path} has more than ${LONGEST_INPUT_LIST} items` })
    }
    for (const item of value) checkItem(definition, item, path)
    return
  }
  checkItem(definition, value, path)
}

function checkItem(
  { type, extensions }: Pick<GraphQLArgument | GraphQLInputField, 'type' | 'extensions'>,
  value: unknown,
  path: string,
): void {
  if (typeof value === 'string') {
    checkText(path, value, extensions.limit?.characters, extensions.limit?.reason)
    if (!isStorable(value)) {
      throw new SlipwayError('INVALID_INPUT', {
        message: `${path} must not contain the character U+0000, or half of a surrogate pair`,
      })
    }
    return
  }
  const named = getNamedType(type)
  if (!isInputObjectType(named)) return
  const members = value as Readonly<Record<string, unknown>>
  for (const member of Object.values(named.getFields())) {
    checkValue(member, members[member.name], path === '' ? member.name : `${path}.${member.name}`)
  }
}
