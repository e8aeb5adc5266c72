import type { Logger } from 'pino'
import type { Actor } from '../../core/actor.js'
import type { Database } from '../../database/client.js'
import type { RepositoryHosts } from '../repository/repository.hosts.js'

/** What a use case works with, beside its input. */
export interface ServiceContext {
  /** Who asks. */
  readonly actor: Actor
  readonly database: Database
  readonly repositoryHosts: RepositoryHosts
  readonly log: Logger
}
