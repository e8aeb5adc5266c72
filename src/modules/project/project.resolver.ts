import { Arg, Args, FieldResolver, ID, Mutation, Query, Resolver, Root } from 'type-graphql'
import type { Project as ProjectColumns } from '../../database/generated/client.js'
import { Caller } from '../context/request-context.js'
import type { ServiceContext } from '../context/service-context.js'
import { globalId } from '../node/global-id.js'
import { GLOBAL_ID } from '../node/node.type.js'
import { Sized } from '../reading/list-kind.js'
import { ALL_PROJECTS } from '../reading/list-kinds.js'
import type { Row } from '../reading/row.js'
import { byKey, PROJECTS } from '../reading/tables.js'
import { CreateProjectInput, ProjectsArgs, UpdateProjectInput } from './project.input.js'
import { projectNamed, visibleProjects } from './project.rows.js'
import { createProject, updateProject } from './project.service.js'
import { CreateProjectPayload, Project, ProjectConnection, UpdateProjectPayload } from './project.type.js'

@Resolver(() => Project)
export class ProjectResolver {
  @Query(() => Project, { nullable: true, description: 'A project by its name.' })
  project(@Caller() { actor }: ServiceContext, @Arg('name', () => String) name: string) {
    return projectNamed(actor, name)
  }

  @Sized({ counted: { kind: ALL_PROJECTS } })
  @Query(() => ProjectConnection, { description: 'The projects that the token may see, newest first.' })
  projects(@Caller() { actor }: ServiceContext, @Args(() => ProjectsArgs) args: ProjectsArgs) {
    return visibleProjects(actor, args)
  }

  @Mutation(() => CreateProjectPayload, {
    description: 'Creates a project. Takes the role `admin`. The repository’s host is not asked yet.',
  })
  async createProject(
    @Caller() ctx: ServiceContext,
    @Arg('input', () => CreateProjectInput) input: CreateProjectInput,
  ) {
    const { id } = await createProject(ctx, input)
    return { project: byKey(PROJECTS, id) }
  }

  @Mutation(() => UpdateProjectPayload, { description: 'Changes a project. Takes the role `admin`.' })
  async updateProject(
    @Caller() ctx: ServiceContext,
    @Arg('input', () => UpdateProjectInput) input: UpdateProjectInput,
  ) {
    const { id } = await updateProject(ctx, input)
    return { project: byKey(PROJECTS, id) }
  }

  @FieldResolver(() => ID, GLOBAL_ID)
  id(@Root() project: Row<ProjectColumns>) {
    return globalId('project', project)
  }
}
