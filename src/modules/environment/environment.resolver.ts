import { Arg, FieldResolver, ID, Mutation, Resolver, Root } from 'type-graphql'
import { toGlobalId } from '../../core/global-id.js'
import type { Environment as EnvironmentRow, Project as ProjectRow } from '../../database/generated/client.js'
import { Caller, Load, type Loaders, type Remember, Remembering } from '../context/request-context.js'
import type { ServiceContext } from '../context/service-context.js'
import { loadReferred } from '../loaders/row.loader.js'
import { GLOBAL_ID } from '../node/node.type.js'
import { Project } from '../project/project.type.js'
import { CreateEnvironmentInput, UpdateEnvironmentInput } from './environment.input.js'
import { createEnvironment, updateEnvironment } from './environment.service.js'
import { CreateEnvironmentPayload, Environment, UpdateEnvironmentPayload } from './environment.type.js'

@Resolver(() => Environment)
export class EnvironmentResolver {
  @Mutation(() => CreateEnvironmentPayload, { description: 'Creates an environment. Takes the role `admin`.' })
  async createEnvironment(
    @Caller() ctx: ServiceContext,
    @Remembering() remember: Remember,
    @Arg('input', () => CreateEnvironmentInput) input: CreateEnvironmentInput,
  ) {
    return remember({ environment: await createEnvironment(ctx, input) })
  }

  @Mutation(() => UpdateEnvironmentPayload, { description: 'Changes an environment. Takes the role `admin`.' })
  async updateEnvironment(
    @Caller() ctx: ServiceContext,
    @Remembering() remember: Remember,
    @Arg('input', () => UpdateEnvironmentInput) input: UpdateEnvironmentInput,
  ) {
    return remember({ environment: await updateEnvironment(ctx, input) })
  }

  @FieldResolver(() => ID, GLOBAL_ID)
  id(@Root() environment: EnvironmentRow) {
    return toGlobalId('environment', environment.id)
  }

  @FieldResolver(() => Project, { description: 'The project that is deployed to it.' })
  project(@Root() environment: EnvironmentRow, @Load() loaders: Loaders) {
    return loadReferred(loaders.projects, environment.projectId)
  }
}

/** The environments of a project. */
@Resolver(() => Project)
export class ProjectEnvironmentsResolver {
  @FieldResolver(() => [Environment], {
    description: 'All environments in promotion order: by tier, then in the order in which they were created.',
  })
  environments(@Root() project: ProjectRow, @Load() loaders: Loaders) {
    return loaders.environmentsByProject.load(project.id)
  }

  @FieldResolver(() => Environment, { nullable: true, description: 'An environment by its name.' })
  async environment(@Root() project: ProjectRow, @Load() loaders: Loaders, @Arg('name', () => String) name: string) {
    const environments = await loaders.environmentsByProject.load(project.id)
    return environments.find(environment => environment.name === name) ?? null
  }
}
