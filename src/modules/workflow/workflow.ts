import type { SealedSecret } from '../../core/secret-box.js'
import { Prisma } from '../../database/generated/client.js'
import { fillPlaceholders, type PlaceholderValues } from './placeholder.rules.js'

/** Something that a run is started with: an input of a GitHub workflow, an environment variable of a Buildkite build. */
export interface Parameter {
  readonly name: string
  /** May hold placeholders, such as `${candidate.commit}`. */
  readonly value: string
}

interface WorkflowSettings {
  readonly parameters: readonly Parameter[]
  /** A run that has not ended so long after it was started counts as lost. */
  readonly timeoutMinutes: number
}

export interface GitHubActionsWorkflow extends WorkflowSettings {
  readonly runner: 'GITHUB_ACTIONS'
  /** Name of the workflow file, or its number. */
  readonly workflow: string
  /** The branch or tag whose workflow file is run; null: the repository's default branch. */
  readonly ref: string | null
  /** `owner/repo`. */
  readonly repository: string
}

export interface BuildkiteWorkflow extends WorkflowSettings {
  readonly runner: 'BUILDKITE'
  readonly organization: string
  readonly pipeline: string
  /** Null: the pipeline's default branch. */
  readonly branch: string | null
}

export interface WebhookWorkflow extends WorkflowSettings {
  readonly runner: 'WEBHOOK'
  readonly url: string
  readonly secret: SealedSecret
}

/** The CI/CD job that builds a candidate or deploys it. This is also how it is stored, as JSON. */
export type Workflow = GitHubActionsWorkflow | BuildkiteWorkflow | WebhookWorkflow

/** Where the runner keeps a workflow's runs, lower case; with the runner's own ID of a run it tells it from all others. */
export function scopeOf(workflow: Workflow): string {
  switch (workflow.runner) {
    case 'GITHUB_ACTIONS':
      return workflow.repository.toLowerCase()
    case 'BUILDKITE':
      return `${workflow.organization}/${workflow.pipeline}`.toLowerCase()
    case 'WEBHOOK':
      return new URL(workflow.url).host
  }
}

/** The parameters of one run. */
export function parametersOf(workflow: Workflow, values: PlaceholderValues): Record<string, string> {
  return Object.fromEntries(workflow.parameters.map(({ name, value }) => [name, fillPlaceholders(value, values)]))
}

/** A workflow as Prisma is to store it. */
export function storedWorkflow(workflow: Workflow | null): Prisma.InputJsonObject | typeof Prisma.DbNull {
  return workflow === null ? Prisma.DbNull : ({ ...workflow } as unknown as Prisma.InputJsonObject)
}

/** A stored workflow as the audit may tell of it: without its secret, sealed or not. */
export function auditedWorkflow(stored: Prisma.JsonValue): Prisma.InputJsonObject | null {
  if (stored === null) return null
  const { secret: _secret, ...rest } = stored as Prisma.JsonObject
  return rest as Prisma.InputJsonObject
}
