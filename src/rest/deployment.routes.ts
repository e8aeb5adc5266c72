import Type from 'typebox'
import { SlipwayError } from '../core/errors.js'
import { LONGEST_URL } from '../core/text.js'
import { DeploymentStatus } from '../database/generated/enums.js'
import {
  CreateDeploymentDocument,
  ListDeploymentsDocument,
  type RestDeploymentFragment,
  RollbackEnvironmentDocument,
  SyncDeploymentRunDocument,
  UpdateDeploymentStatusDocument,
} from './generated/operations.js'
import { defineRoute, type RestRoute } from './rest-route.js'
import { DeploymentSchema, OptionalText, OptionalTime, ofWord, Text, Word, WorkflowRunId } from './rest-schemas.js'

const PATH = '/api/releases/:project/environments/:environment/deployments'
const STATUSES = Object.values(DeploymentStatus)
const Deployment = DeploymentSchema(STATUSES)

const Params = Type.Object({
  project: Type.String({ description: 'Name of the release project' }),
  environment: Type.String({ description: 'Name of the environment' }),
})
const CandidateVersion = Type.String({ description: '<release version>-rc<N>' })

const Force = Type.Optional(
  Type.Boolean({ default: false, description: 'Whether no freeze is to stop it; takes the role approver' }),
)

export const DEPLOYMENT_ROUTES: readonly RestRoute[] = [
  defineRoute({
    method: 'POST',
    path: PATH,
    summary: 'Creates a deployment and triggers the environment’s deploy workflow.',
    schemas: {
      params: Params,
      query: Type.Object({}),
      body: Type.Object({
        release_candidate_version: CandidateVersion,
        force: Force,
        reason: OptionalText('Why it is forced'),
      }),
      answers: { 201: Deployment },
    },
    document: CreateDeploymentDocument,
    variables: ({ params, body }) => ({
      input: {
        ...params,
        candidateVersion: body.release_candidate_version,
        force: body.force ?? false,
        reason: body.reason ?? null,
      },
    }),
    answer: ({ createDeployment }) => ({ status: 201, body: restDeployment(createDeployment.deployment) }),
  }),

  defineRoute({
    method: 'PATCH',
    path: PATH,
    summary: 'Reports the status of a deployment, and creates it when there is none. Never triggers a workflow.',
    schemas: {
      params: Params,
      query: Type.Object({}),
      body: Type.Object({
        release_candidate_version: CandidateVersion,
        status: Word(STATUSES, 'The status that the deployment has now'),
        error_message: OptionalText('What went wrong'),
        external_url: OptionalText('Where the run can be watched', LONGEST_URL),
        occurred_at: OptionalTime('When it happened; without it, when the report is received'),
      }),
      answers: { 200: Deployment },
    },
    document: UpdateDeploymentStatusDocument,
    variables: ({ params, body }) => ({
      input: {
        ...params,
        candidateVersion: body.release_candidate_version,
        status: ofWord(STATUSES, body.status),
        errorMessage: body.error_message ?? null,
        externalUrl: body.external_url ?? null,
        occurredAt: body.occurred_at ?? null,
      },
    }),
    answer: ({ updateDeploymentStatus }) => ({
      status: 200,
      body: restDeployment(updateDeploymentStatus.deployment),
    }),
  }),

  defineRoute({
    method: 'GET',
    path: PATH,
    summary: 'Lists the deployments of an environment, newest first.',
    schemas: {
      params: Params,
      query: Type.Object({
        page: Type.Integer({ minimum: 1, maximum: 10_000_000, default: 1 }),
        per_page: Type.Integer({ minimum: 1, maximum: 100, default: 10 }),
      }),
      answers: { 200: Type.Array(Deployment) },
    },
    document: ListDeploymentsDocument,
    variables: ({ params, query }) => ({
      ...params,
      first: query.per_page,
      offset: (query.page - 1) * query.per_page,
    }),
    answer: ({ project }) => {
      if (!project) throw new SlipwayError('PROJECT_NOT_FOUND')
      if (!project.environment) throw new SlipwayError('ENVIRONMENT_NOT_FOUND')
      return { status: 200, body: project.environment.deployments.nodes.map(restDeployment) }
    },
  }),

  defineRoute({
    method: 'POST',
    path: '/api/releases/:project/environments/:environment/rollback',
    summary: 'Rolls an environment back. 200: the same rollback was under way already.',
    schemas: {
      params: Params,
      query: Type.Object({}),
      body: Type.Object({ force: Force, reason: OptionalText('Why it is rolled back') }),
      answers: { 200: Deployment, 201: Deployment },
    },
    document: RollbackEnvironmentDocument,
    variables: ({ params, body }) => ({
      input: { ...params, force: body.force ?? false, reason: body.reason ?? null },
    }),
    answer: ({ rollbackEnvironment: { deployment, created } }) => ({
      status: created ? 201 : 200,
      body: restDeployment(deployment),
    }),
  }),

  // The callback by which workflow files written for Aviator Releases tell which run carries a deployment out.
  defineRoute({
    method: 'POST',
    path: '/api/v1/sync-deploy-github-action',
    summary: 'A run of GitHub Actions tells which deployment it carries out.',
    schemas: {
      params: Type.Object({}),
      query: Type.Object({}),
      body: Type.Object({
        deployment_id: Text('The ID that the run was started with'),
        workflow_run_id: WorkflowRunId,
      }),
      answers: { 200: Deployment },
    },
    document: SyncDeploymentRunDocument,
    variables: ({ body }) => ({
      input: { deployment: body.deployment_id, workflowRunId: String(body.workflow_run_id) },
    }),
    answer: ({ syncDeploymentRun }) => ({ status: 200, body: restDeployment(syncDeploymentRun.deployment) }),
  }),
]

function restDeployment(deployment: RestDeploymentFragment) {
  return {
    id: deployment.id,
    project_name: deployment.environment.project.name,
    environment_name: deployment.environment.name,
    release_version: deployment.candidate.release.version,
    release_candidate_version: deployment.candidate.version,
    from_release_version: deployment.previous?.release.version ?? null,
    from_release_candidate_version: deployment.previous?.version ?? null,
    status: deployment.status.toLowerCase(),
    actor: deployment.actor,
    error_message: deployment.errorMessage,
    external_url: deployment.externalUrl,
    deploy_start_at: deployment.createdAt,
    deploy_end_at: deployment.finishedAt,
  }
}
