import { SlipwayError } from '../../core/errors.js'
import { currentTime } from '../../database/clock.js'
import { type Environment, Prisma, type Project } from '../../database/generated/client.js'
import type { EnvironmentTier } from '../../database/generated/enums.js'
import { inTurn, sqlTransaction, type Transaction, transaction } from '../../database/transaction.js'
import { refusingDuplicates } from '../../database/violations.js'
import { authorize } from '../access/access.rules.js'
import { recordAuditEvent } from '../audit/audit.service.js'
import { configureAutomation } from '../automation/automation.configuration.js'
import type { AutomationInput } from '../automation/automation.input.js'
import type { Automation } from '../automation/automation.js'
import type { ServiceContext } from '../context/service-context.js'
import { wakeWaiting } from '../deployment/follow-up.js'
import type { GatesInput } from '../gate/gate.input.js'
import { configureGates, siblingsOf } from '../gate/gates.configuration.js'
import type { Gates } from '../gate/gates.js'
import { requireProject } from '../project/project.service.js'
import { configureWorkflow } from '../workflow/workflow.configuration.js'
import type { WorkflowInput } from '../workflow/workflow.input.js'
import { auditedWorkflow, storedWorkflow, type Workflow } from '../workflow/workflow.js'
import { lockEnvironment, turnOfNamed } from './environment.lock.js'
import { checkEnvironmentName } from './environment.rules.js'

interface NewEnvironment {
  /** The project's name. */
  readonly project: string
  readonly name: string
  readonly tier: EnvironmentTier
  readonly deployWorkflow?: WorkflowInput | null | undefined
  readonly gates?: GatesInput | null | undefined
  readonly automation?: AutomationInput | null | undefined
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
  readonly gates?: GatesInput | null | undefined
  readonly automation?: AutomationInput | null | undefined
}

export async function createEnvironment(ctx: ServiceContext, input: NewEnvironment): Promise<Environment> {
  checkEnvironmentName(input.name)
  return refusingDuplicates(taken(input.name), () =>
    transaction(ctx.database, async tx => {
      const project = await requireProject(tx, ctx.actor, input.project)
      authorize(ctx.actor, 'environment.create')
      const configured = { ...project, purpose: 'deploy', present: null } as const
      const deployWorkflow = storedWorkflow(configureWorkflow(ctx, input.deployWorkflow ?? null, configured))
      const guardrails = await configureGuardrails(tx, project, input.name, input, { gates: {}, automation: {} })
      const now = await currentTime(tx)
      const environment = await tx.environment.create({
        data: {
          projectId: project.id,
          name: input.name,
          tier: input.tier,
          createdAt: now,
          deployWorkflow,
          ...guardrails,
        },
      })
      await audit(ctx, tx, 'environment.create', project, environment, now)
      return environment
    }),
  )
}

/**
 * Renames an environment, changes its tier, its workflow, its gates or its automation. Its deployments follow, as they
 * refer to it by its key; those that wait are judged by the new gates.
 */
export async function updateEnvironment(ctx: ServiceContext, input: EnvironmentChange): Promise<Environment> {
  const name = input.name ?? undefined
  const tier = input.tier ?? undefined
  if (name !== undefined) checkEnvironmentName(name)
  return refusingDuplicates(taken(name ?? input.environment), () =>
    transaction(inTurn(ctx.database, turnOfNamed(input)), async tx => {
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
          ...(await configureGuardrails(tx, project, environment.name, input, environment)),
          ...(deployWorkflow !== undefined && {
            deployWorkflow: storedWorkflow(
              configureWorkflow(ctx, deployWorkflow, { ...project, purpose: 'deploy', present }),
            ),
          }),
        },
      })
      if (environment.waitingDeployments > 0) await wakeWaiting(tx, environment.id)
      await audit(ctx, tx, 'environment.update', project, changed, now)
      return changed
    }),
  )
}

/** Has automation deploy to an environment again, where a failure has held it. Repeating it changes nothing. */
export async function resumeEnvironment(
  ctx: ServiceContext,
  input: { readonly project: string; readonly environment: string },
): Promise<{ id: string }> {
  return sqlTransaction(inTurn(ctx.database, turnOfNamed(input)), async tx => {
    const project = await requireProject(tx, ctx.actor, input.project)
    authorize(ctx.actor, 'environment.resume')
    const { environment, now } = await lockEnvironment(tx, project, input.environment)
    const { id, name, holdReason } = environment
    if (holdReason === null) return { id }
    await tx.$queryRaw(Prisma.sql`UPDATE environments SET held_at = NULL, hold_reason = NULL WHERE id = ${id}::uuid`)
    if (environment.waitingDeployments > 0) await wakeWaiting(tx, id)
    const data = { environment: name, holdReason }
    const act = { action: 'environment.resume', at: now, projectId: project.id, subjectId: id, data } as const
    await recordAuditEvent(tx, ctx.actor, act)
    return { id }
  })
}

/** The gates and the automation that an environment is to have, as Prisma is to store them. */
async function configureGuardrails(
  tx: Transaction,
  project: Project,
  own: string,
  { gates, automation }: Pick<EnvironmentChange, 'gates' | 'automation'>,
  present: { readonly gates: Gates; readonly automation: Automation },
) {
  if (gates == null && automation == null) return {}
  const siblings = await siblingsOf(tx, project)
  return {
    ...(gates != null && { gates: json(configureGates(gates, present.gates, own, siblings)) }),
    ...(automation != null && {
      automation: json(configureAutomation(automation, present.automation, own, siblings)),
    }),
  }
}

function json(value: Gates | Automation): Prisma.InputJsonObject {
  return value as Prisma.InputJsonObject
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
  const { gates, automation } = environment as { gates: Prisma.JsonObject; automation: Prisma.JsonObject }
  const data = { name, tier, deployWorkflow: auditedWorkflow(environment.deployWorkflow), gates, automation }
  return recordAuditEvent(tx, ctx.actor, { action, at, projectId: project.id, subjectId: environment.id, data })
}
