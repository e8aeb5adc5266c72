import type { Pace } from './run.rules.js'

/** A runner that has nothing to tell is asked less and less often, but never less than this. */
const LONGEST_QUIET_MS = 5 * 60_000
const QUIET_GROWTH = 1.5
const FIRST_RETRY_MS = 1_000
const LONGEST_RETRY_MS = 5 * 60_000
/** Waits vary by a fifth in both directions. */
const JITTER = 0.2

/** @param firstCheckMs how long nothing is heard before a runner is asked */
export function createPace(firstCheckMs: number): Pace {
  return {
    quiet: checks =>
      jittered(Math.min(firstCheckMs * QUIET_GROWTH ** checks, Math.max(LONGEST_QUIET_MS, firstCheckMs))),
    retry: tries => jittered(Math.min(FIRST_RETRY_MS * 2 ** Math.max(0, tries - 1), LONGEST_RETRY_MS)),
  }
}

function jittered(ms: number): number {
  return Math.round(ms * (1 - JITTER + 2 * JITTER * Math.random()))
}
