import { FieldResolver, Resolver, Root } from 'type-graphql'
import { type Actor, hasRole } from '../../core/actor.js'
import type { Environment as EnvironmentColumns, Project as ProjectColumns } from '../../database/generated/client.js'
import { Caller } from '../context/request-context.js'
import type { ServiceContext } from '../context/service-context.js'
import { Environment } from '../environment/environment.type.js'
import { Project } from '../project/project.type.js'
import { computed } from '../reading/computed.js'
import type { Row } from '../reading/row.js'
import type { Workflow as StoredWorkflow } from './workflow.js'
import { Workflow } from './workflow.type.js'

/** The build workflow of a project. */
@Resolver(() => Project)
export class ProjectWorkflowResolver {
  @FieldResolver(() => Workflow, { nullable: true, description: 'What builds its candidates; null: nothing.' })
  buildWorkflow(@Caller() { actor }: ServiceContext, @Root() project: Row<ProjectColumns>) {
    return computed<StoredWorkflow>(project.buildWorkflow, workflow => shown(workflow, actor))
  }
}

/** The deploy workflow of an environment. */
@Resolver(() => Environment)
export class EnvironmentWorkflowResolver {
  @FieldResolver(() => Workflow, {
    nullable: true,
    description: 'What deploys to it; null: the pipelines drive Slipway over the API.',
  })
  deployWorkflow(@Caller() { actor }: ServiceContext, @Root() environment: Row<EnvironmentColumns>) {
    return computed<StoredWorkflow>(environment.deployWorkflow, workflow => shown(workflow, actor))
  }
}

function shown(workflow: StoredWorkflow, actor: Actor): Workflow {
  const { runner, parameters, timeoutMinutes } = workflow
  return {
    githubActions: runner === 'GITHUB_ACTIONS' ? workflow : null,
    buildkite: runner === 'BUILDKITE' ? workflow : null,
    webhook: runner === 'WEBHOOK' ? { url: shownUrl(workflow.url, actor) } : null,
    parameters,
    timeoutMinutes,
  }
}

/** Receivers like to have a token in the query, which is for those to see who may set it. */
function shownUrl(text: string, actor: Actor): string {
  const url = new URL(text)
  if (url.search !== '' && !hasRole(actor, 'admin')) url.search = '?hidden'
  return url.href
}
