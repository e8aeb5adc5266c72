import { Arg, Args, FieldResolver, Resolver, Root } from 'type-graphql'
import type { Project as ProjectColumns, Release as ReleaseColumns } from '../../database/generated/client.js'
import { Deployment } from '../deployment/deployment.type.js'
import { Environment } from '../environment/environment.type.js'
import { Project } from '../project/project.type.js'
import { FirstArgs } from '../reading/first.args.js'
import { Sized } from '../reading/list-kind.js'
import { CANDIDATES_AT_COMMIT, CANDIDATES_OF_RELEASE, ENVIRONMENTS_OF_PROJECT } from '../reading/list-kinds.js'
import type { Row } from '../reading/row.js'
import { byKey, ENVIRONMENTS } from '../reading/tables.js'
import { Release, ReleaseCandidate } from '../release/release.type.js'
import {
  type CommitColumns,
  candidatesAt,
  commitOfProject,
  isCurrent,
  latestDeployment,
  type StageColumns,
  stagesOfCommit,
  stagesOfRelease,
} from './stage.rows.js'
import { ProjectCommit, Stage } from './stage.type.js'

/** The newest deployment of each candidate of a stage is looked up. */
const CANDIDATES = { kind: CANDIDATES_OF_RELEASE, rowsPerObject: 5 }

@Resolver(() => Stage)
export class StageResolver {
  @FieldResolver(() => Environment, { description: 'The environment.' })
  environment(@Root() stage: Row<StageColumns>) {
    return byKey(ENVIRONMENTS, stage.environmentId)
  }

  @Sized({ reads: CANDIDATES })
  @FieldResolver(() => Deployment, {
    nullable: true,
    description: 'Its newest deployment there, whatever came of it; null: it has not been there.',
  })
  latest(@Root() stage: Row<StageColumns>) {
    return latestDeployment(stage)
  }

  @FieldResolver(() => Boolean, { description: 'Whether it is what the environment runs.' })
  isCurrent(@Root() stage: Row<StageColumns>) {
    return isCurrent(stage)
  }
}

@Resolver(() => ProjectCommit)
export class ProjectCommitResolver {
  @Sized({ list: CANDIDATES_AT_COMMIT })
  @FieldResolver(() => [ReleaseCandidate], { description: 'The release candidates that are exactly it, newest first.' })
  candidates(@Root() commit: Row<CommitColumns>, @Args(() => FirstArgs) { first }: FirstArgs) {
    return candidatesAt(commit, first ?? null)
  }

  @Sized({ list: ENVIRONMENTS_OF_PROJECT })
  @FieldResolver(() => [Stage], { description: 'The environments that run it or ran it, in promotion order.' })
  stages(@Root() commit: Row<CommitColumns>) {
    return stagesOfCommit(commit)
  }
}

/** Where the commits of a project are. */
@Resolver(() => Project)
export class ProjectCommitsResolver {
  @FieldResolver(() => ProjectCommit, {
    nullable: true,
    description:
      'Where a commit is, by its SHA or at least the first seven digits of it; null when no release candidate is at it, ' +
      'or candidates at several commits that begin so.',
  })
  commit(@Root() project: Row<ProjectColumns>, @Arg('sha', () => String) sha: string) {
    return commitOfProject(project, sha)
  }
}

/** The way of a release. */
@Resolver(() => Release)
export class ReleaseStagesResolver {
  @Sized({ list: ENVIRONMENTS_OF_PROJECT })
  @FieldResolver(() => [Stage], {
    description: 'Its way through the environments of the project, all of them, in promotion order.',
  })
  stages(@Root() release: Row<ReleaseColumns>) {
    return stagesOfRelease(release)
  }
}
