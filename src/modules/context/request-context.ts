import { createParameterDecorator } from 'type-graphql'
import { v5 } from 'uuid'
import type { Actor } from '../../core/actor.js'
import { SlipwayError } from '../../core/errors.js'
import type { SqlReader } from '../../database/transaction.js'
import type { ListSizes } from '../reading/list-sizes.js'
import type { ServiceContext } from './service-context.js'

/** What is the same for every request. */
export type Services = Omit<ServiceContext, 'actor' | 'log' | 'requestKey'>

/** What the resolvers of one GraphQL request share. */
export interface RequestContext {
  readonly services: Services
  readonly log: ServiceContext['log']
  /** Null when the request came without a token; then nothing but the schema can be read. */
  readonly actor: Actor | null
  readonly requestKey: ServiceContext['requestKey']
  /** Is told before something is begun that may change something. */
  readonly onMutation: () => void
  /** Carries out a query with what it is to read with, perhaps when its turn has come among other queries. */
  readonly query: <Result>(effort: number, read: (reader: SqlReader) => Promise<Result>) => Promise<Result>
  /** How long the lists are that a query may ask for. */
  readonly listSizes: ListSizes
}

/**
 * A resolver's parameter: the context its service works with. There is one only for those who have shown a token, so a
 * root resolver that reads or changes anything cannot be called by anybody else.
 *
 * @throws SlipwayError `UNAUTHENTICATED`
 */
export function Caller() {
  return createParameterDecorator<RequestContext>(({ context, info }): ServiceContext => {
    const { services, log, actor, requestKey } = context
    if (actor === null) throw new SlipwayError('UNAUTHENTICATED')
    // A document may have several mutations, each of which creates something of its own.
    const key = requestKey === null ? null : v5(String(info.path.key), requestKey)
    return { ...services, log, actor, requestKey: key }
  })
}
