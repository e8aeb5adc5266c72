import Type from 'typebox'
import { CandidateStatus } from '../database/generated/enums.js'
import { CreateReleaseDocument, type RestCandidateFragment } from './generated/operations.js'
import { defineRoute, type RestRoute } from './rest-route.js'
import { CandidateSchema } from './rest-schemas.js'

const Candidate = CandidateSchema(Object.values(CandidateStatus))

export const RELEASE_ROUTES: readonly RestRoute[] = [
  defineRoute({
    method: 'POST',
    path: '/api/releases/:project/releases/:candidate_version',
    summary:
      'Cuts a release: creates the candidate, and its release if new. 200: it had been cut at this commit before.',
    schemas: {
      params: Type.Object({
        project: Type.String({ description: 'Name of the release project' }),
        candidate_version: Type.String({ description: '<release version>-rc<N>' }),
      }),
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
