import { Arg, Args, FieldResolver, ID, Mutation, Resolver, Root } from 'type-graphql'
import type { Environment as EnvironmentColumns, Project as ProjectColumns } from '../../database/generated/client.js'
import { EnvironmentTier } from '../../database/generated/enums.js'
import { Caller } from '../context/request-context.js'
import type { ServiceContext } from '../context/service-context.js'
import { globalId } from '../node/global-id.js'
import { GLOBAL_ID } from '../node/node.type.js'
import { Project } from '../project/project.type.js'
import { FirstArgs } from '../reading/first.args.js'
import { Sized } from '../reading/list-kind.js'
import { ENVIRONMENTS_OF_PROJECT } from '../reading/list-kinds.js'
import type { Row } from '../reading/row.js'
import { byKey, ENVIRONMENTS, PROJECTS } from '../reading/tables.js'
import { CreateEnvironmentInput, ResumeEnvironmentInput, UpdateEnvironmentInput } from './environment.input.js'
import { environmentNamed, environmentsOf } from './environment.rows.js'
import { createEnvironment, resumeEnvironment, updateEnvironment } from './environment.service.js'
import {
  CreateEnvironmentPayload,
  Environment,
  ResumeEnvironmentPayload,
  UpdateEnvironmentPayload,
} from './environment.type.js'

@Resolver(() => Environment)
export class EnvironmentResolver {
  @Mutation(() => CreateEnvironmentPayload, { description: 'Creates an environment. Takes the role `admin`.' })
  async createEnvironment(
    @Caller() ctx: ServiceContext,
    @Arg('input', () => CreateEnvironmentInput) input: CreateEnvironmentInput,
  ) {
    const { id } = await createEnvironment(ctx, input)
    return { environment: byKey(ENVIRONMENTS, id) }
  }

  @Mutation(() => UpdateEnvironmentPayload, { description: 'Changes an environment. Takes the role `admin`.' })
  async updateEnvironment(
    @Caller() ctx: ServiceContext,
    @Arg('input', () => UpdateEnvironmentInput) input: UpdateEnvironmentInput,
  ) {
    const { id } = await updateEnvironment(ctx, input)
    return { environment: byKey(ENVIRONMENTS, id) }
  }

  @Mutation(() => ResumeEnvironmentPayload, {
    description: 'Lets automation deploy again where a failure has held it. Takes the role `approver`.',
  })
  async resumeEnvironment(
    @Caller() ctx: ServiceContext,
    @Arg('input', () => ResumeEnvironmentInput) input: ResumeEnvironmentInput,
  ) {
    const { id } = await resumeEnvironment(ctx, input)
    return { environment: byKey(ENVIRONMENTS, id) }
  }

  @FieldResolver(() => ID, GLOBAL_ID)
  id(@Root() environment: Row<EnvironmentColumns>) {
    return globalId('environment', environment)
  }

  @FieldResolver(() => Project, { description: 'The project that is deployed to it.' })
  project(@Root() environment: Row<EnvironmentColumns>) {
    return byKey(PROJECTS, environment.projectId)
  }
}

/** The environments of a project. */
@Resolver(() => Project)
export class ProjectEnvironmentsResolver {
  @Sized({ list: ENVIRONMENTS_OF_PROJECT })
  @FieldResolver(() => [Environment], {
    description: 'All environments in promotion order: by tier, then in the order in which they were created.',
  })
  environments(
    @Root() project: Row<ProjectColumns>,
    @Arg('tier', () => [EnvironmentTier], { nullable: true, description: 'Only environments of these tiers.' })
    tiers: EnvironmentTier[] | null,
    @Args(() => FirstArgs) { first }: FirstArgs,
  ) {
    return environmentsOf(project, tiers ?? null, first ?? null)
  }

  @FieldResolver(() => Environment, { nullable: true, description: 'An environment by its name.' })
  environment(@Root() project: Row<ProjectColumns>, @Arg('name', () => String) name: string) {
    return environmentNamed(project, name)
  }
}
