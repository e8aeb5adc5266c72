import Type from 'typebox'
import { LONGEST_URL } from '../core/text.js'
import { CandidateStatus } from '../database/generated/enums.js'
import {
  CreateReleaseDocument,
  type RestCandidateFragment,
  SyncBuildRunDocument,
  UpdateBuildStatusDocument,
} from './generated/operations.js'
import { defineRoute, type RestRoute } from './rest-route.js'
import { CandidateSchema, OptionalText, OptionalTime, ofWord, Text, Word, WorkflowRunId } from './rest-schemas.js'

const PATH = '/api/releases/:project/releases/:candidate_version'
const STATUSES = Object.values(CandidateStatus)
const Candidate = CandidateSchema(STATUSES)

const Params = Type.Object({
  project: Type.String({ description: 'Name of the release project' }),
  candidate_version: Type.String({ description: '<release version>-rc<N>' }),
})

export const RELEASE_ROUTES: readonly RestRoute[] = [
  defineRoute({
    method: 'POST',
    path: PATH,
    summary:
      'Cuts a release: creates the candidate, and its release if new. 200: it had been cut at this commit before.',
    schemas: {
      params: Params,
      query: Type.Object({}),
      body: Type.Object({
        repo: Type.String({ description: 'org/repo_name; must be the project’s' }),
        commit: Type.String({ description: '7 to 64 hexadecimal digits' }),
        trigger_build_workflow: Type.Optional(
          Type.Boolean({ default: false, description: 'Whether to trigger the project’s build workflow' }),
        ),
      }),
      answers: { 200: Candidate, 201: Candidate },
    },
    document: CreateReleaseDocument,
    variables: ({ params, body }) => ({
      input: {
        project: params.project,
        candidateVersion: params.candidate_version,
        repository: body.repo,
        commit: body.commit,
        triggerBuildWorkflow: body.trigger_build_workflow ?? false,
      },
    }),
    answer: ({ createRelease }) => ({
      status: createRelease.created ? 201 : 200,
      body: restCandidate(createRelease.candidate),
    }),
  }),

  defineRoute({
    method: 'PATCH',
    path: PATH,
    summary: 'Reports how the build goes that cutting the candidate has triggered.',
    schemas: {
      params: Params,
      query: Type.Object({}),
      body: Type.Object({
        status: Word(STATUSES, 'The build status that the candidate has now'),
        error_message: OptionalText('What went wrong'),
        external_url: OptionalText('Where the build can be watched', LONGEST_URL),
        occurred_at: OptionalTime('When it happened; without it, when the report is received'),
      }),
      answers: { 200: Candidate },
    },
    document: UpdateBuildStatusDocument,
    variables: ({ params, body }) => ({
      input: {
        project: params.project,
        candidateVersion: params.candidate_version,
        status: ofWord(STATUSES, body.status),
        errorMessage: body.error_message ?? null,
        externalUrl: body.external_url ?? null,
        occurredAt: body.occurred_at ?? null,
      },
    }),
    answer: ({ updateBuildStatus }) => ({ status: 200, body: restCandidate(updateBuildStatus.candidate) }),
  }),

  // The callback by which workflow files written for Aviator Releases tell which run builds a candidate.
  defineRoute({
    method: 'POST',
    path: '/api/v1/sync-build-github-action',
    summary: 'A run of GitHub Actions tells which candidate it builds.',
    schemas: {
      params: Type.Object({}),
      query: Type.Object({}),
      body: Type.Object({
        release_cut_id: Text('The ID that the run was started with'),
        workflow_run_id: WorkflowRunId,
      }),
      answers: { 200: Candidate },
    },
    document: SyncBuildRunDocument,
    variables: ({ body }) => ({
      input: { candidate: body.release_cut_id, workflowRunId: String(body.workflow_run_id) },
    }),
    answer: ({ syncBuildRun }) => ({ status: 200, body: restCandidate(syncBuildRun.candidate) }),
  }),
]

function restCandidate(candidate: RestCandidateFragment) {
  return {
    id: candidate.id,
    project_name: candidate.release.project.name,
    release_version: candidate.release.version,
    release_candidate_version: candidate.version,
    repo: candidate.release.project.repository,
    commit: candidate.commit,
    status: candidate.status.toLowerCase(),
    actor: candidate.actor,
    created_at: candidate.createdAt,
  }
}
