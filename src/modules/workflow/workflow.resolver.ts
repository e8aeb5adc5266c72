import { FieldResolver, Resolver, Root } from 'type-graphql'
import type { Environment as EnvironmentRow, Project as ProjectRow } from '../../database/generated/client.js'
import { Environment } from '../environment/environment.type.js'
import { Project } from '../project/project.type.js'
import type { Workflow as StoredWorkflow } from './workflow.js'
import { Workflow } from './workflow.type.js'

/** The build workflow of a project. */
@Resolver(() => Project)
export class ProjectWorkflowResolver {
  @FieldResolver(() => Workflow, { nullable: true, description: 'What builds its candidates; null: nothing.' })
  buildWorkflow(@Root() project: ProjectRow) {
    return shown(project.buildWorkflow as StoredWorkflow | null)
  }
}

/** The deploy workflow of an environment. */
@Resolver(() => Environment)
export class EnvironmentWorkflowResolver {
  @FieldResolver(() => Workflow, {
    nullable: true,
    description: 'What deploys to it; null: the pipelines drive Slipway over the API.',
  })
  deployWorkflow(@Root() environment: EnvironmentRow) {
    return shown(environment.deployWorkflow as StoredWorkflow | null)
  }
}

function shown(workflow: StoredWorkflow | null): Workflow | null {
  if (workflow === null) return null
  const { runner, parameters, timeoutMinutes } = workflow
  return {
    githubActions: runner === 'GITHUB_ACTIONS' ? workflow : null,
    buildkite: runner === 'BUILDKITE' ? workflow : null,
    webhook: runner === 'WEBHOOK' ? { url: workflow.url } : null,
    parameters,
    timeoutMinutes,
  }
}
