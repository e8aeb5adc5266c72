import { Arg, Args, FieldResolver, ID, Mutation, Resolver, Root } from 'type-graphql'
import { formatCandidateVersion, parseCandidateVersion } from '../../core/candidate-version.js'
import { toGlobalId } from '../../core/global-id.js'
import type { Project as ProjectRow, Release as ReleaseRow } from '../../database/generated/client.js'
import { Caller, Load, type Loaders, type Remember, Remembering } from '../context/request-context.js'
import type { ServiceContext } from '../context/service-context.js'
import { loadReferred } from '../loaders/row.loader.js'
import { GLOBAL_ID } from '../node/node.type.js'
import { PageArgs } from '../pagination/page.args.js'
import { Project } from '../project/project.type.js'
import { CreateReleaseInput } from './release.input.js'
import { listReleases } from './release.queries.js'
import { type Candidate, createRelease, findCandidate, findRelease } from './release.service.js'
import { CreateReleasePayload, Release, ReleaseCandidate, ReleaseConnection } from './release.type.js'

@Resolver(() => Release)
export class ReleaseResolver {
  @Mutation(() => CreateReleasePayload, {
    description: 'Cuts a release: creates the candidate, and its release if it is new. Takes the role `deployer`.',
  })
  async createRelease(
    @Caller() ctx: ServiceContext,
    @Remembering() remember: Remember,
    @Arg('input', () => CreateReleaseInput) input: CreateReleaseInput,
  ) {
    return remember(await createRelease(ctx, input))
  }

  @FieldResolver(() => ID, GLOBAL_ID)
  id(@Root() release: ReleaseRow) {
    return toGlobalId('release', release.id)
  }

  @FieldResolver(() => String, { description: 'The commit of its newest candidate.' })
  async commit(@Root() release: ReleaseRow, @Load() loaders: Loaders) {
    const [newest] = await loaders.candidatesByRelease.load(release.id)
    return newest?.commit
  }

  @FieldResolver(() => Project, { description: 'The project it is a version of.' })
  project(@Root() release: ReleaseRow, @Load() loaders: Loaders) {
    return loadReferred(loaders.projects, release.projectId)
  }

  @FieldResolver(() => [ReleaseCandidate], { description: 'All candidates, newest first.' })
  candidates(@Root() release: ReleaseRow, @Load() loaders: Loaders) {
    return loaders.candidatesByRelease.load(release.id)
  }
}

@Resolver(() => ReleaseCandidate)
export class ReleaseCandidateResolver {
  @FieldResolver(() => ID, GLOBAL_ID)
  id(@Root() candidate: Candidate) {
    return toGlobalId('candidate', candidate.id)
  }

  @FieldResolver(() => String, { description: '`<release version>-rc<N>`, such as `v1.4.0-rc1`.' })
  version(@Root() { release, number }: Candidate) {
    return formatCandidateVersion({ release: release.version, number })
  }

  @FieldResolver(() => Release, { description: 'The release it is a candidate of.' })
  release(@Root() candidate: Candidate) {
    return candidate.release
  }
}

/** The releases of a project. */
@Resolver(() => Project)
export class ProjectReleasesResolver {
  @FieldResolver(() => ReleaseConnection, { description: 'The releases, newest first.' })
  releases(@Root() project: ProjectRow, @Load() loaders: Loaders, @Args(() => PageArgs) args: PageArgs) {
    return listReleases(loaders, project, args)
  }

  @FieldResolver(() => Release, { nullable: true, description: 'A release by its version.' })
  release(@Caller() ctx: ServiceContext, @Root() project: ProjectRow, @Arg('version', () => String) version: string) {
    return findRelease(ctx.database, project, version)
  }

  @FieldResolver(() => ReleaseCandidate, {
    nullable: true,
    description: 'A release candidate by its version, such as `v1.4.0-rc1`.',
  })
  candidate(@Caller() ctx: ServiceContext, @Root() project: ProjectRow, @Arg('version', () => String) version: string) {
    return findCandidate(ctx.database, project, parseCandidateVersion(version))
  }
}
