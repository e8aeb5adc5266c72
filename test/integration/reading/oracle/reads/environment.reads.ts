import type { Deployment, Environment } from '../../../../../src/database/generated/client.js'
import type { DeploymentStatus } from '../../../../../src/database/generated/enums.js'
import type { Automation } from '../../../../../src/modules/automation/automation.js'
import type { Gates, PromotionGate } from '../../../../../src/modules/gate/gates.js'
import type { Tables } from '../tables.js'
import { checkDeployment } from './judgement.js'
import { type PageArgs, page } from './page.js'
import { newestProblem } from './problem.js'
import { type Asker, byId, newestFirst, type Reads, rowOf } from './read.js'
import { binds, candidateNamed, currentDeploymentOf, globalId, inPromotionOrder, openFreezes } from './rows.js'
import { shownWorkflow } from './workflow.js'

interface HistoryArgs extends PageArgs {
  readonly status?: readonly DeploymentStatus[] | null
  readonly actor?: string | null
  readonly candidate?: string | null
  readonly since?: Date | null
  readonly until?: Date | null
  readonly offset?: number | null
}

const byNumber = ({ number }: Deployment) => number
const byTime = ({ createdAt }: Deployment) => createdAt.getTime()

export function environmentReads(tables: Tables): Reads<Environment> {
  const deploymentsOf = ({ id }: Environment) => tables.deployments.filter(({ environmentId }) => environmentId === id)
  const pageByNumber = (list: readonly Deployment[], args: PageArgs, offset = 0) =>
    page(
      {
        list: newestFirst(list, byNumber),
        key: byNumber,
        comesAfter: ({ number }, key) => number < Number(key),
        offset,
      },
      args,
    )
  return {
    id: environment => globalId('environment', environment),
    project: ({ projectId }) => rowOf(tables.projects, projectId),
    automation: ({ automation }) => automation,
    problem: ({ id }) => newestProblem(tables, ({ environmentId }) => environmentId === id),
    hold: ({ heldAt, holdReason }) => heldAt && { since: heldAt, reason: holdReason },
    current: ({ id }) => {
      const current = currentDeploymentOf(tables, id)
      return current === undefined ? null : rowOf(tables.candidates, current.candidateId)
    },
    currentDeployment: ({ id }) => currentDeploymentOf(tables, id) ?? null,
    deployments: (environment, args: HistoryArgs) => {
      const history = deploymentsOf(environment)
      const found = history.filter(deployment => isAskedFor(tables, environment, deployment, args))
      if (args.since == null && args.until == null) return pageByNumber(found, args, args.offset ?? 0)
      return page({ list: newestFirst(found, byTime, byNumber), key: byNumber, comesAfter: later(history) }, args)
    },
    activeDeployments: (environment, args: PageArgs) =>
      pageByNumber(
        deploymentsOf(environment).filter(({ finishedAt }) => finishedAt === null),
        args,
      ),
    freezes: environment =>
      newestFirst(
        openFreezes(tables).filter(freeze => binds(freeze, environment)),
        byId,
      ),
    gates: ({ gates }) => gates,
    canDeploy: (environment, args: { candidateVersion: string; force: boolean }, asker: Asker) =>
      checkDeployment(tables, environment, args, asker),
    deployWorkflow: ({ deployWorkflow }, _args, asker) => shownWorkflow(deployWorkflow, asker),
  }
}

function isAskedFor(
  tables: Tables,
  { projectId }: Environment,
  deployment: Deployment,
  { status, actor, candidate, since, until }: HistoryArgs,
): boolean {
  return (
    (status == null || status.includes(deployment.status)) &&
    (actor == null || deployment.actor === actor) &&
    (candidate == null || deployment.candidateId === candidateNamed(tables, projectId, candidate)?.id) &&
    (since == null || deployment.createdAt >= since) &&
    (until == null || deployment.createdAt < until)
  )
}

/** In the order of creation, nothing comes after a deployment that there is not. */
function later(history: readonly Deployment[]) {
  return (deployment: Deployment, key: string): boolean => {
    const last = history.find(({ number }) => number === Number(key))
    if (last === undefined || deployment === last) return false
    return newestFirst([deployment, last], byTime, byNumber)[0] === last
  }
}

export function automationReads({ environments }: Tables): Reads<Automation> {
  return {
    deployWhenReady: ({ deployWhenReady }) => deployWhenReady ?? false,
    rollBackOnFailure: ({ rollBackOnFailure }) => rollBackOnFailure ?? false,
    quarantineOnRollback: ({ quarantineOnRollback }) => quarantineOnRollback ?? false,
    deployAfterSuccessIn: ({ deployAfterSuccessIn = [] }) =>
      inPromotionOrder(environments.filter(({ id }) => deployAfterSuccessIn.includes(id))),
  }
}

export const GATES_READS: Reads<Gates> = {
  lane: ({ lane }) => lane ?? 'ALLOW',
  expiresAfterHours: ({ expiresAfterHours }) => expiresAfterHours ?? null,
  promotion: ({ promotion }) => promotion ?? null,
  approval: ({ approval }) => approval ?? null,
}

export function promotionReads({ environments }: Tables): Reads<PromotionGate> {
  return {
    environments: ({ environmentIds }) =>
      inPromotionOrder(environments.filter(({ id }) => environmentIds.includes(id))),
  }
}
