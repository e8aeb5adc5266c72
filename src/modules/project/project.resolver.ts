import { Arg, Args, FieldResolver, ID, Mutation, Query, Resolver, Root } from 'type-graphql'
import { toGlobalId } from '../../core/global-id.js'
import type { Project as ProjectRow } from '../../database/generated/client.js'
import { Caller, type Remember, Remembering } from '../context/request-context.js'
import type { ServiceContext } from '../context/service-context.js'
import { GLOBAL_ID } from '../node/node.type.js'
import { CreateProjectInput, ProjectsArgs, UpdateProjectInput } from './project.input.js'
import { listProjects } from './project.queries.js'
import { createProject, findProject, updateProject } from './project.service.js'
import { CreateProjectPayload, Project, ProjectConnection, UpdateProjectPayload } from './project.type.js'

@Resolver(() => Project)
export class ProjectResolver {
  @Query(() => Project, { nullable: true, description: 'A project by its name.' })
  project(@Caller() ctx: ServiceContext, @Arg('name', () => String) name: string) {
    return findProject(ctx.database, ctx.actor, name)
  }

  @Query(() => ProjectConnection, { description: 'The projects that the token may see, newest first.' })
  projects(@Caller() ctx: ServiceContext, @Args(() => ProjectsArgs) args: ProjectsArgs) {
    return listProjects(ctx, args)
  }

  @Mutation(() => CreateProjectPayload, {
    description: 'Creates a project. Takes the role `admin`. The repository’s host is not asked yet.',
  })
  async createProject(
    @Caller() ctx: ServiceContext,
    @Remembering() remember: Remember,
    @Arg('input', () => CreateProjectInput) input: CreateProjectInput,
  ) {
    return remember({ project: await createProject(ctx, input) })
  }

  @Mutation(() => UpdateProjectPayload, { description: 'Changes a project. Takes the role `admin`.' })
  async updateProject(
    @Caller() ctx: ServiceContext,
    @Remembering() remember: Remember,
    @Arg('input', () => UpdateProjectInput) input: UpdateProjectInput,
  ) {
    return remember({ project: await updateProject(ctx, input) })
  }

  @FieldResolver(() => ID, GLOBAL_ID)
  id(@Root() project: ProjectRow) {
    return toGlobalId('project', project.id)
  }
}
