import { sqlTransaction } from '../../database/transaction.js'
import type { ServiceContext } from '../context/service-context.js'
import { drain } from './drain.js'
import { declareFreeze, readReason } from './freeze.declaration.js'
import { isBound, type NamedScope, scopeToFreeze } from './freeze.scope.js'

/** The keys of environments that one line of the log tells. */
const MOST_LOGGED = 20
const NOT_RECURRING = { rrule: null, duration: null, timeZone: null }

interface NewStop extends Pick<NamedScope, 'project'> {
  readonly endsAt?: Date | null | undefined
  readonly reason: string
}

/**
 * Freezes a project or everything, at once: it waits for nobody before it is stored and binds. Then those are waited for
 * who may have decided before. Once it has answered, nothing starts there any more.
 *
 * Where a row stays held for all of that time, the answer is given nonetheless, and the log says which one. Whoever holds
 * it and does nothing was ended by PostgreSQL before, and what it decided is undone. Whoever still works on it may yet
 * store that a deployment was let through by what it saw before the stop; each later decision about that environment
 * takes the lock anew and reads the stop.
 */
export async function emergencyStop(ctx: ServiceContext, input: NewStop): Promise<{ id: string }> {
  const reason = readReason(input.reason)
  const { id, scope } = await sqlTransaction(ctx.database, async tx => {
    const scope = await scopeToFreeze(tx, ctx.actor, { project: input.project })
    const times = { startsAt: null, endsAt: input.endsAt ?? null, ...NOT_RECURRING }
    const stop = { scope, environments: [], ...times, isEmergency: true, reason }
    return { id: await declareFreeze(tx, ctx.actor, stop), scope }
  })
  const { held, isComplete } = await drain(ctx.database, isBound(scope))
  if (held.length > 0 || !isComplete) {
    ctx.log.warn(
      { freeze: id, held: held.slice(0, MOST_LOGGED), heldCount: held.length, isComplete },
      'An emergency stop is in force, but environments were held all the time: what was decided there before may start yet',
    )
  }
  return { id }
}
