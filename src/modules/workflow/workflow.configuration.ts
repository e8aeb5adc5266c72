import { RepositoryHost } from '../../database/generated/enums.js'
import type { ServiceContext } from '../context/service-context.js'
import type { RunPurpose } from './placeholder.rules.js'
import type {
  BuildkiteWorkflowInput,
  GitHubActionsWorkflowInput,
  WebhookWorkflowInput,
  WorkflowInput,
} from './workflow.input.js'
import type { Workflow } from './workflow.js'
import {
  checkParameters,
  checkRef,
  checkRepository,
  checkSlug,
  checkTimeout,
  checkWebhookSecret,
  checkWebhookUrl,
  checkWorkflowFile,
  defaultParameters,
  refusal,
} from './workflow.rules.js'

/** What a workflow is configured for. */
export interface Configured {
  readonly purpose: RunPurpose
  readonly repository: string
  readonly repositoryHost: RepositoryHost
  /** The workflow there is, whose secret stays when no other is given. */
  readonly present: Workflow | null
}

/**
 * Reads the configuration of a workflow and seals its secret; null is no workflow.
 *
 * @throws SlipwayError `INVALID_INPUT` that names what is wrong with it
 */
export function configureWorkflow(
  { secrets }: Pick<ServiceContext, 'secrets'>,
  input: WorkflowInput | null,
  configured: Configured,
): Workflow | null {
  if (input === null) return null
  const { githubActions, buildkite, webhook } = input
  const given = [githubActions, buildkite, webhook].filter(choice => choice != null)
  if (given.length !== 1) {
    throw refusal('exactly one of githubActions, buildkite and webhook must be given', 'For no workflow, pass null.')
  }
  const runner = githubActions ? githubActionsOf(githubActions, configured) : buildkite ? buildkiteOf(buildkite) : null
  const chosen = runner ?? webhookOf(secrets, webhook as WebhookWorkflowInput, configured.present)
  const parameters = input.parameters?.map(({ name, value }) => ({ name, value }))
  return {
    ...chosen,
    parameters: checkParameters(parameters ?? defaultParameters(chosen.runner, configured.purpose), configured.purpose),
    timeoutMinutes: checkTimeout(input.timeoutMinutes ?? null),
  }
}

function githubActionsOf({ workflow, ref, repository }: GitHubActionsWorkflowInput, configured: Configured) {
  if (repository == null && configured.repositoryHost !== RepositoryHost.GITHUB) {
    throw refusal(
      'repository is missing',
      'The project’s own repository is not on GitHub: name the one of the workflow.',
    )
  }
  return {
    runner: 'GITHUB_ACTIONS' as const,
    workflow: checkWorkflowFile(workflow),
    ref: checkRef('ref', ref ?? null),
    repository: checkRepository(repository ?? configured.repository),
  }
}

function buildkiteOf({ organization, pipeline, branch }: BuildkiteWorkflowInput) {
  return {
    runner: 'BUILDKITE' as const,
    organization: checkSlug('organization', organization),
    pipeline: checkSlug('pipeline', pipeline),
    branch: checkRef('branch', branch ?? null),
  }
}

function webhookOf(secrets: ServiceContext['secrets'], input: WebhookWorkflowInput, present: Workflow | null) {
  const url = checkWebhookUrl(input.url)
  if (input.secret != null) {
    return { runner: 'WEBHOOK' as const, url, secret: secrets.seal(checkWebhookSecret(input.secret)) }
  }
  // A secret must not be led to another receiver by whoever may not know it.
  if (present?.runner === 'WEBHOOK' && new URL(present.url).origin === new URL(url).origin) {
    return { runner: 'WEBHOOK' as const, url, secret: present.secret }
  }
  throw refusal('secret is missing', 'A new receiver needs one: whsec_ and 24 to 64 bytes in base64.')
}
