import { createParameterDecorator } from 'type-graphql'
import type { Actor } from '../../core/actor.js'
import { SlipwayError } from '../../core/errors.js'
import type { Database } from '../../database/client.js'
import type { Deployment, Environment, Project } from '../../database/generated/client.js'
import { deploymentLoaders } from '../deployment/deployment.loaders.js'
import { environmentLoaders } from '../environment/environment.loaders.js'
import { projectLoaders } from '../project/project.loaders.js'
import { releaseLoaders } from '../release/release.loaders.js'
import type { Candidate } from '../release/release.service.js'
import { trackingLoaders } from '../tracking/tracking.loaders.js'
import type { ServiceContext } from './service-context.js'

/** What is the same for every request. */
export type Services = Omit<ServiceContext, 'actor' | 'log'>

export type Loaders = ReturnType<typeof createLoaders>

/** What the resolvers of one GraphQL request share. */
export interface RequestContext {
  readonly services: Services
  readonly log: ServiceContext['log']
  /** Null when the request came without a token; then nothing but the schema can be read. */
  readonly actor: Actor | null
  /** Batch the reads of one request, and remember them until its end or its next change. */
  loaders: Loaders
}

export function createRequestContext(
  services: Services,
  log: ServiceContext['log'],
  actor: Actor | null,
): RequestContext {
  return { services, log, actor, loaders: createLoaders(services.database) }
}

function createLoaders(database: Database) {
  return {
    ...projectLoaders(database),
    ...environmentLoaders(database),
    ...releaseLoaders(database),
    ...deploymentLoaders(database),
    ...trackingLoaders(database),
  }
}

/**
 * A resolver's parameter: the context its service works with. There is one only for those who have shown a token, so a
 * root resolver that reads or changes anything cannot be called by anybody else.
 *
 * @throws SlipwayError `UNAUTHENTICATED`
 */
export function Caller() {
  return createParameterDecorator<RequestContext>(({ context }): ServiceContext => {
    const { services, log, actor } = context
    if (actor === null) throw new SlipwayError('UNAUTHENTICATED')
    return { ...services, log, actor }
  })
}

/** A resolver's parameter: the loaders of the request. */
export function Load() {
  return createParameterDecorator<RequestContext>(({ context }) => context.loaders)
}

/** Rows that a change has just read or written. */
interface KnownRows {
  readonly project?: Project
  readonly environment?: Environment
  readonly candidate?: Candidate
  readonly deployment?: Deployment
}

export type Remember = <Rows extends KnownRows>(rows: Rows) => Rows

/**
 * A parameter of a mutation's resolver: forgets what was loaded before the change and takes in the rows that the change
 * knows anyway, so that answering with them costs no statement.
 */
export function Remembering() {
  return createParameterDecorator<RequestContext>(
    ({ context }): Remember =>
      rows => {
        const loaders = createLoaders(context.services.database)
        if (rows.project) loaders.projects.prime(rows.project.id, rows.project)
        if (rows.environment) loaders.environments.prime(rows.environment.id, rows.environment)
        if (rows.candidate) loaders.candidates.prime(rows.candidate.id, rows.candidate)
        if (rows.candidate) loaders.releases.prime(rows.candidate.release.id, rows.candidate.release)
        if (rows.deployment) loaders.deployments.prime(rows.deployment.id, rows.deployment)
        context.loaders = loaders
        return rows
      },
  )
}
