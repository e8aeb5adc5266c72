import { keysOf, type Sibling } from '../gate/gates.configuration.js'
import type { AutomationInput } from './automation.input.js'
import type { Automation } from './automation.js'

/**
 * The automation of an environment as it is to be, from what is asked for and what there is.
 *
 * @param own the name of the environment itself
 * @throws SlipwayError `INVALID_INPUT` that names what is wrong
 */
export function configureAutomation(
  input: AutomationInput,
  present: Automation,
  own: string,
  siblings: readonly Sibling[],
): Automation {
  const { deployWhenReady, deployAfterSuccessIn, rollBackOnFailure, quarantineOnRollback } = input
  return {
    ...present,
    ...(deployWhenReady != null && { deployWhenReady }),
    ...(deployAfterSuccessIn != null && {
      deployAfterSuccessIn: keysOf(deployAfterSuccessIn, 'automation.deployAfterSuccessIn', own, siblings),
    }),
    ...(rollBackOnFailure != null && { rollBackOnFailure }),
    ...(quarantineOnRollback != null && { quarantineOnRollback }),
  }
}
