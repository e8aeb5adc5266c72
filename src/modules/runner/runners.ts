import type { Logger } from 'pino'
import type { SecretBox } from '../../core/secret-box.js'
import { WorkflowRunner } from '../../database/generated/enums.js'
import type { GitHubSettings } from '../repository/github.client.js'
import { type BuildkiteSettings, createBuildkiteRunner } from './buildkite.runner.js'
import { createGitHubActionsRunner } from './github-actions.runner.js'
import type { Runner, Runners } from './runner.js'
import { createWebhookRunner } from './webhook.runner.js'
import type { WebhookSettings } from './webhook.sender.js'

export interface RunnerSettings {
  readonly github: GitHubSettings
  readonly buildkite: BuildkiteSettings
  readonly webhook: WebhookSettings
}

export function createRunners(settings: RunnerSettings, secrets: SecretBox, log: Logger): Runners {
  // A run is handed to the runner that its workflow names, whose kind of workflow it is therefore.
  return {
    [WorkflowRunner.GITHUB_ACTIONS]: createGitHubActionsRunner(settings.github, log) as Runner,
    [WorkflowRunner.BUILDKITE]: createBuildkiteRunner(settings.buildkite) as Runner,
    [WorkflowRunner.WEBHOOK]: createWebhookRunner(settings.webhook, secrets) as Runner,
  }
}
