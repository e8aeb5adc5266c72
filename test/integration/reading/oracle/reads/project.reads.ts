import type {
  Environment,
  Project,
  Release,
  ReleaseCandidate,
  WorkflowRun,
} from '../../../../../src/database/generated/client.js'
import type { EnvironmentTier } from '../../../../../src/database/generated/enums.js'
import type { Tables } from '../tables.js'
import { type PageArgs, pageByKey } from './page.js'
import { byId, newestFirst, type Reads, rowOf } from './read.js'
import { candidateNamed, currentDeploymentOf, globalId, inPromotionOrder, openFreezes, versionOf } from './rows.js'
import { shownWorkflow } from './workflow.js'

export function projectReads(tables: Tables): Reads<Project> {
  const isOf =
    ({ id }: Project) =>
    ({ projectId }: { projectId: string }) =>
      projectId === id
  return {
    id: project => globalId('project', project),
    environments: (project, { tier }: { tier?: EnvironmentTier[] | null }) =>
      inPromotionOrder(
        tables.environments.filter(isOf(project)).filter(other => tier == null || tier.includes(other.tier)),
      ),
    environment: (project, { name }: { name: string }) =>
      tables.environments.filter(isOf(project)).find(other => other.name === name) ?? null,
    freezes: ({ id }) =>
      newestFirst(
        openFreezes(tables).filter(({ projectId }) => projectId === null || projectId === id),
        byId,
      ),
    releases: (project, args: PageArgs) => pageByKey(newestFirst(tables.releases.filter(isOf(project)), byId), args),
    release: (project, { version }: { version: string }) =>
      tables.releases.filter(isOf(project)).find(other => other.version === version) ?? null,
    candidate: ({ id }, { version }: { version: string }) => candidateNamed(tables, id, version),
    commit: (project, { sha }: { sha: string }) => {
      const found = tables.candidates.filter(isOf(project)).filter(({ commit }) => commit.startsWith(sha.toLowerCase()))
      const [first] = found
      const isOne = first !== undefined && found.every(({ commit }) => commit === first.commit)
      return isOne ? { sha: first.commit, projectId: project.id, found } : null
    },
    buildWorkflow: ({ buildWorkflow }, _args, asker) => shownWorkflow(buildWorkflow, asker),
  }
}

interface Commit {
  readonly sha: string
  readonly projectId: string
  readonly found: readonly ReleaseCandidate[]
}

interface Stage {
  readonly environment: Environment
  readonly candidates: readonly ReleaseCandidate[]
}

export function commitReads(tables: Tables): Reads<Commit> {
  return {
    candidates: ({ found }) => newestFirst(found, byId),
    stages: ({ projectId, found }): Stage[] => {
      const runOn = new Set(
        tables.deployments
          .filter(({ status, candidateId }) => status === 'SUCCESS' && found.some(({ id }) => id === candidateId))
          .map(({ environmentId }) => environmentId),
      )
      const environments = tables.environments.filter(other => other.projectId === projectId && runOn.has(other.id))
      return inPromotionOrder(environments).map(environment => ({ environment, candidates: found }))
    },
  }
}

export function stageReads(tables: Tables): Reads<Stage> {
  const isOf = ({ candidates }: Stage, candidateId: string | undefined) =>
    candidates.some(({ id }) => id === candidateId)
  return {
    latest: stage => {
      const there = tables.deployments.filter(({ environmentId }) => environmentId === stage.environment.id)
      const [latest] = newestFirst(
        there.filter(({ candidateId }) => isOf(stage, candidateId)),
        ({ number }) => number,
      )
      return latest ?? null
    },
    isCurrent: stage => isOf(stage, currentDeploymentOf(tables, stage.environment.id)?.candidateId),
  }
}

export function releaseReads(tables: Tables): Reads<Release> {
  const candidatesOf = (release: Release) =>
    newestFirst(
      tables.candidates.filter(({ releaseId }) => releaseId === release.id),
      byId,
    )
  return {
    id: release => globalId('release', release),
    commit: release => candidatesOf(release)[0]?.commit,
    project: ({ projectId }) => rowOf(tables.projects, projectId),
    candidates: candidatesOf,
    stages: (release): Stage[] =>
      inPromotionOrder(tables.environments.filter(({ projectId }) => projectId === release.projectId)).map(
        environment => ({
          environment,
          candidates: candidatesOf(release),
        }),
      ),
  }
}

export function candidateReads(tables: Tables): Reads<ReleaseCandidate> {
  return {
    id: candidate => globalId('candidate', candidate),
    version: candidate => versionOf(tables, candidate),
    release: ({ releaseId }) => rowOf(tables.releases, releaseId),
    deployments: ({ id }, args: PageArgs) =>
      pageByKey(
        newestFirst(
          tables.deployments.filter(({ candidateId }) => candidateId === id),
          byId,
        ),
        args,
      ),
    quarantine: ({ quarantinedAt, quarantinedBy, quarantineReason }) =>
      quarantinedAt && { since: quarantinedAt, actor: quarantinedBy, reason: quarantineReason },
    runsOn: ({ id }) =>
      inPromotionOrder(tables.environments.filter(other => currentDeploymentOf(tables, other.id)?.candidateId === id)),
    build: ({ id }): WorkflowRun | null =>
      newestFirst(
        tables.runs.filter(({ candidateId }) => candidateId === id),
        byId,
      )[0] ?? null,
  }
}
