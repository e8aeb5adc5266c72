import { SlipwayError } from '../../core/errors.js'
import { currentTime } from '../../database/clock.js'
import type { Environment, Project } from '../../database/generated/client.js'
import type { EnvironmentTier } from '../../database/generated/enums.js'
import { type Transaction, transaction } from '../../database/transaction.js'
import { refusingDuplicates } from '../../database/violations.js'
import { authorize } from '../access/access.rules.js'
import { recordAuditEvent } from '../audit/audit.service.js'
import type { ServiceContext } from '../context/service-context.js'
import { requireProject } from '../project/project.service.js'
import { configureWorkflow } from '../workflow/workflow.configuration.js'
import type { WorkflowInput } from '../workflow/workflow.input.js'
import { auditedWorkflow, storedWorkflow, type Workflow } from '../workflow/workflow.js'
import { lockEnvironment } from './environment.lock.js'
import { checkEnvironmentName } from './environment.rules.js'

interface NewEnvironment {
  /** The project's name. */
  readonly project: string
  readonly name: string
  readonly tier: EnvironmentTier
  readonly deployWorkflow?: WorkflowInput | null | undefined
}

interface EnvironmentChange {
  /** The project's name. */
  readonly project: string
  /** The name the environment has. */
  readonly environment: string
  /** The name it gets. */
  readonly name?: string | null | undefined
  readonly tier?: EnvironmentTier | null | undefined
  /** Null: none any more. */
  readonly deployWorkflow?: WorkflowInput | null | undefined
}

export async function createEnvironment(ctx: ServiceContext, input: NewEnvironment): Promise<Environment> {
  checkEnvironmentName(input.name)
  return refusingDuplicates(taken(input.name), () =>
    transaction(ctx.database, async tx => {
      const project = await requireProject(tx, ctx.actor, input.project)
      authorize(ctx.actor, 'environment.create')
      const configured = { ...project, purpose: 'deploy', present: null } as const
      const deployWorkflow = storedWorkflow(configureWorkflow(ctx, input.deployWorkflow ?? null, configured))
      const now = await currentTime(tx)
      const environment = await tx.environment.create({
        data: { projectId: project.id, name: input.name, tier: input.tier, createdAt: now, deployWorkflow },
      })
      await audit(ctx, tx, 'environment.create', project, environment, now)
      return environment
    }),
  )
}

/** Renames an environment, changes its tier or its workflow. Its deployments follow, as they refer to it by its key. */
export async function updateEnvironment(ctx: ServiceContext, input: EnvironmentChange): Promise<Environment> {
  const name = input.name ?? undefined
  const tier = input.tier ?? undefined
  if (name !== undefined) checkEnvironmentName(name)
  return refusingDuplicates(taken(name ?? input.environment), () =>
    transaction(ctx.database, async tx => {
      const project = await requireProject(tx, ctx.actor, input.project)
      authorize(ctx.actor, 'environment.update')
      const { environment, now } = await lockEnvironment(tx, project, input.environment)
      const present = environment.deployWorkflow as Workflow | null
      const { deployWorkflow } = input
      const changed = await tx.environment.update({
        where: { id: environment.id },
        data: {
          ...(name !== undefined && { name }),
          ...(tier !== undefined && { tier }),
          ...(deployWorkflow !== undefined && {
            deployWorkflow: storedWorkflow(
              configureWorkflow(ctx, deployWorkflow, { ...project, purpose: 'deploy', present }),
            ),
          }),
        },
      })
      await audit(ctx, tx, 'environment.update', project, changed, now)
      return changed
    }),
  )
}

function taken(name: string): SlipwayError {
  return new SlipwayError('ENVIRONMENT_EXISTS', { details: `Another environment of the project is named "${name}".` })
}

function audit(
  ctx: ServiceContext,
  tx: Transaction,
  action: 'environment.create' | 'environment.update',
  project: Project,
  environment: Environment,
  at: Date,
): Promise<void> {
  const { name, tier } = environment
  const data = { name, tier, deployWorkflow: auditedWorkflow(environment.deployWorkflow) }
  return recordAuditEvent(tx, ctx.actor, { action, at, projectId: project.id, subjectId: environment.id, data })
}
