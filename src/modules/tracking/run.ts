import type { WorkflowRun } from '../../database/generated/client.js'
import type { PlaceholderValues } from '../workflow/placeholder.rules.js'
import type { Workflow } from '../workflow/workflow.js'

/** A row of a run, its JSON read. */
export type Run = Omit<WorkflowRun, 'workflow' | 'placeholders'> & {
  readonly workflow: Workflow
  readonly placeholders: PlaceholderValues
}
