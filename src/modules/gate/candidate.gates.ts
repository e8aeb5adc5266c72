import { CandidateStatus } from '../../database/generated/enums.js'
import { closed, GateKind, type GateRule, open, refused, refusedUnlessTaken } from './verdict.js'

/** The candidate must be built. */
export const buildGate: GateRule = ({ candidateStatus }) => {
  if (candidateStatus === CandidateStatus.READY) return open(GateKind.BUILD, 'The candidate is ready.')
  const message = `Its build status is ${candidateStatus}.`
  return refused(closed(GateKind.BUILD, message, 'Its build, once it has succeeded.'), 'CANDIDATE_NOT_READY')
}

/** A candidate in quarantine can be deployed nowhere. */
export const quarantineGate: GateRule = ({ quarantine }, request) => {
  if (quarantine === null) return open(GateKind.QUARANTINE, 'The candidate is not in quarantine.')
  const message = `The candidate is in quarantine, where ${quarantine.actor} has put it: ${quarantine.reason}`
  const verdict = closed(GateKind.QUARANTINE, message, 'An approver, who releases it with releaseFromQuarantine.')
  return refusedUnlessTaken(verdict, 'CANDIDATE_QUARANTINED', request)
}
