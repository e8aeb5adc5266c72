import { DeploymentKind } from '../../database/generated/enums.js'

/** A success of an environment's history. */
export interface Success {
  readonly candidateId: string
  readonly kind: DeploymentKind
  /** Whether its candidate is in quarantine by now. */
  readonly isQuarantined: boolean
}

/**
 * Finds the candidate to go back to. After a success that is what ran before it; after anything else, what runs by the
 * last success. A rollback leads back to the state before what it undid: what it undid, and whatever came in between, is
 * passed by, so that rolling back twice goes back further and never forth again. So is what is in quarantine.
 *
 * @param successes newest first, by their ends
 * @param hasSucceeded whether what is to be undone was a success
 * @returns the key of the candidate; null when there is none
 */
export function rollbackTarget(successes: readonly Success[], hasSucceeded: boolean): string | null {
  const running = successes[0]?.candidateId
  let place = 0
  for (;;) {
    const success = successes[place]
    if (success === undefined) return null
    const { candidateId, kind, isQuarantined } = success
    if (!isQuarantined && !(hasSucceeded && candidateId === running)) return candidateId
    const origin =
      kind === DeploymentKind.ROLLBACK
        ? successes.findIndex((earlier, index) => index > place && earlier.candidateId === candidateId)
        : -1
    place = origin === -1 ? place + 1 : origin
  }
}
