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
 * last success. Candidates lie on a pile: a success puts its own on top, a rollback takes off what it undid and whatever
 * came in between. So rolling back twice goes back further, and never forth again. What is in quarantine is passed by.
 *
 * @param successes oldest first, by their ends
 * @param hasSucceeded whether what is to be undone was a success
 * @returns the key of the candidate; null when there is none
 */
export function rollbackTarget(successes: readonly Success[], hasSucceeded: boolean): string | null {
  const pile: Success[] = []
  for (const success of successes) {
    const isIt = ({ candidateId }: Success) => candidateId === success.candidateId
    const place = success.kind === DeploymentKind.ROLLBACK ? pile.findLastIndex(isIt) : -1
    if (place !== -1) pile.length = place + 1
    else if (pile.at(-1)?.candidateId !== success.candidateId) pile.push(success)
  }
  const running = pile.at(-1)?.candidateId
  const isGood = ({ candidateId, isQuarantined }: Success) =>
    !isQuarantined && !(hasSucceeded && candidateId === running)
  return pile.findLast(isGood)?.candidateId ?? null
}
