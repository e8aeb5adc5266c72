import type { Logger } from 'pino'
import type { Actor } from '../../core/actor.js'
import type { SecretBox } from '../../core/secret-box.js'
import type { Database } from '../../database/client.js'
import type { RepositoryHosts } from '../repository/repository.hosts.js'
import type { Runners } from '../runner/runner.js'
import type { Pace } from '../tracking/run.rules.js'

/** What a use case works with, beside its input. */
export interface ServiceContext {
  /** Who asks. */
  readonly actor: Actor
  /** Names the request for as long as it may be repeated; null: it cannot be told from another one. */
  readonly requestKey: string | null
  readonly database: Database
  readonly repositoryHosts: RepositoryHosts
  /** What runs workflows. */
  readonly runners: Runners
  /** How long to wait between questions about their runs. */
  readonly pace: Pace
  readonly secrets: SecretBox
  readonly log: Logger
}
