import Type from 'typebox'
import { Compile } from 'typebox/compile'
import { observeGitHubRun } from '../runner/github-run.rules.js'
import { tokensIn } from '../runner/run-token.rules.js'
import { LONGEST_SCOPE, MOST_TOKENS, type ProviderEvent } from './provider-event.js'

/** What is read of GitHub's `workflow_run` event: https://docs.github.com/webhooks/webhook-events-and-payloads#workflow_run */
const WorkflowRunEvent = Compile(
  Type.Object({
    action: Type.String(),
    workflow_run: Type.Object({
      id: Type.Integer(),
      status: Type.Union([Type.String(), Type.Null()]),
      conclusion: Type.Union([Type.String(), Type.Null()]),
      run_attempt: Type.Optional(Type.Integer({ minimum: 1 })),
      display_title: Type.Optional(Type.String()),
      html_url: Type.String(),
      updated_at: Type.String({ format: 'date-time' }),
    }),
    repository: Type.Object({ full_name: Type.String({ maxLength: LONGEST_SCOPE }) }),
  }),
)

/** Reads the body of a `workflow_run` event; null when it is none. */
export function readGitHubEvent(body: unknown): ProviderEvent | null {
  if (!WorkflowRunEvent.Check(body)) return null
  const { workflow_run: run, repository } = body
  if (Number.isNaN(Date.parse(run.updated_at))) return null
  return {
    runner: 'GITHUB_ACTIONS',
    scope: repository.full_name.toLowerCase(),
    externalId: String(run.id),
    observation: observeGitHubRun(run),
    tokens: tokensIn(run.display_title).slice(0, MOST_TOKENS),
  }
}
