import { SlipwayError } from './errors.js'

/** The deepest that lists and objects of a body may lie in one another; nothing that is taken in is half as deep. */
const DEEPEST_JSON = 64

const [QUOTE, BACKSLASH] = [0x22, 0x5c]
const OPENING = new Set([0x5b, 0x7b])
const CLOSING = new Set([0x5d, 0x7d])

/**
 * Refuses a text whose lists and objects lie deeper in one another than they may. What is made of it later is walked
 * through by functions that call themselves, so it must not get that far.
 *
 * @param name what the caller knows the text by
 * @throws SlipwayError `INVALID_INPUT`
 */
export function checkJsonDepth(text: string, name = 'The body'): void {
  let depth = 0
  let isInString = false
  for (let place = 0; place < text.length; place++) {
    const code = text.charCodeAt(place)
    if (isInString) {
      if (code === BACKSLASH) place += 1
      else if (code === QUOTE) isInString = false
    } else if (code === QUOTE) isInString = true
    else if (CLOSING.has(code)) depth -= 1
    else if (OPENING.has(code)) {
      depth += 1
      if (depth > DEEPEST_JSON) {
        throw new SlipwayError('INVALID_INPUT', { message: `${name} is nested deeper than ${DEEPEST_JSON} levels` })
      }
    }
  }
}
