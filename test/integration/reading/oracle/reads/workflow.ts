import type { Prisma } from '../../../../../src/database/generated/client.js'
import type { Asker } from './read.js'

/** Only administrators see the query of a webhook's URL. */
export function shownWorkflow(stored: Prisma.JsonValue, { role }: Asker): unknown {
  if (stored === null) return null
  const workflow = stored as { runner: string; url: string; parameters: unknown; timeoutMinutes: number }
  const url = () => {
    const { href, search } = new URL(workflow.url)
    return search === '' || role === 'admin' ? href : href.replace(search, '?hidden')
  }
  return {
    githubActions: workflow.runner === 'GITHUB_ACTIONS' ? workflow : null,
    buildkite: workflow.runner === 'BUILDKITE' ? workflow : null,
    webhook: workflow.runner === 'WEBHOOK' ? { url: url() } : null,
    parameters: workflow.parameters,
    timeoutMinutes: workflow.timeoutMinutes,
  }
}
