import { Arg, Args, FieldResolver, ID, Mutation, Resolver, Root } from 'type-graphql'
import type {
  ReleaseCandidate as CandidateColumns,
  Project as ProjectColumns,
  Release as ReleaseColumns,
} from '../../database/generated/client.js'
import { Caller } from '../context/request-context.js'
import type { ServiceContext } from '../context/service-context.js'
import { globalId } from '../node/global-id.js'
import { GLOBAL_ID } from '../node/node.type.js'
import { PageArgs } from '../pagination/page.args.js'
import { Project } from '../project/project.type.js'
import { FirstArgs } from '../reading/first.args.js'
import { Sized } from '../reading/list-kind.js'
import { CANDIDATES_OF_RELEASE, RELEASES_OF_PROJECT } from '../reading/list-kinds.js'
import type { Row } from '../reading/row.js'
import { byKey, CANDIDATES, PROJECTS } from '../reading/tables.js'
import { CreateReleaseInput } from './release.input.js'
import {
  candidateNamed,
  candidatesOf,
  commitOf,
  releaseNamed,
  releaseOf,
  releasesOf,
  versionOf,
} from './release.rows.js'
import { createRelease } from './release.service.js'
import { CreateReleasePayload, Release, ReleaseCandidate, ReleaseConnection } from './release.type.js'

@Resolver(() => Release)
export class ReleaseResolver {
  @Mutation(() => CreateReleasePayload, {
    description: 'Cuts a release: creates the candidate, and its release if it is new. Takes the role `deployer`.',
  })
  async createRelease(
    @Caller() ctx: ServiceContext,
    @Arg('input', () => CreateReleaseInput) input: CreateReleaseInput,
  ) {
    const { candidate, created } = await createRelease(ctx, input)
    return { candidate: byKey(CANDIDATES, candidate.id), created }
  }

  @FieldResolver(() => ID, GLOBAL_ID)
  id(@Root() release: Row<ReleaseColumns>) {
    return globalId('release', release)
  }

  @FieldResolver(() => String, { description: 'The commit of its newest candidate.' })
  commit(@Root() release: Row<ReleaseColumns>) {
    return commitOf(release)
  }

  @FieldResolver(() => Project, { description: 'The project it is a version of.' })
  project(@Root() release: Row<ReleaseColumns>) {
    return byKey(PROJECTS, release.projectId)
  }

  @Sized({ list: CANDIDATES_OF_RELEASE })
  @FieldResolver(() => [ReleaseCandidate], { description: 'All candidates, newest first.' })
  candidates(@Root() release: Row<ReleaseColumns>, @Args(() => FirstArgs) { first }: FirstArgs) {
    return candidatesOf(release, first ?? null)
  }
}

@Resolver(() => ReleaseCandidate)
export class ReleaseCandidateResolver {
  @FieldResolver(() => ID, GLOBAL_ID)
  id(@Root() candidate: Row<CandidateColumns>) {
    return globalId('candidate', candidate)
  }

  @FieldResolver(() => String, { description: '`<release version>-rc<N>`, such as `v1.4.0-rc1`.' })
  version(@Root() candidate: Row<CandidateColumns>) {
    return versionOf(candidate)
  }

  @FieldResolver(() => Release, { description: 'The release it is a candidate of.' })
  release(@Root() candidate: Row<CandidateColumns>) {
    return releaseOf(candidate)
  }
}

/** The releases of a project. */
@Resolver(() => Project)
export class ProjectReleasesResolver {
  @Sized({ counted: { kind: RELEASES_OF_PROJECT } })
  @FieldResolver(() => ReleaseConnection, { description: 'The releases, newest first.' })
  releases(@Root() project: Row<ProjectColumns>, @Args(() => PageArgs) args: PageArgs) {
    return releasesOf(project, args)
  }

  @FieldResolver(() => Release, { nullable: true, description: 'A release by its version.' })
  release(@Root() project: Row<ProjectColumns>, @Arg('version', () => String) version: string) {
    return releaseNamed(project, version)
  }

  @FieldResolver(() => ReleaseCandidate, {
    nullable: true,
    description: 'A release candidate by its version, such as `v1.4.0-rc1`.',
  })
  candidate(@Root() project: Row<ProjectColumns>, @Arg('version', () => String) version: string) {
    return candidateNamed(project.id, version)
  }
}
