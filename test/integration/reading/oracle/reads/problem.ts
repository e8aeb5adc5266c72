import type { Problem } from '../../../../../src/database/generated/client.js'
import type { Tables } from '../tables.js'
import { sorted } from './read.js'

/** The newest of the problems that are about something. */
export function newestProblem({ problems }: Tables, isAboutIt: (problem: Problem) => boolean): Problem | null {
  const newest = sorted(
    problems.filter(isAboutIt),
    ({ at }) => at.getTime(),
    ({ work }) => work,
  ).at(-1)
  return newest ?? null
}
