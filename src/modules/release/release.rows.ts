import { parseCandidateVersion } from '../../core/candidate-version.js'
import { Prisma, type Project, type Release, type ReleaseCandidate } from '../../database/generated/client.js'
import type { PageArgs } from '../pagination/page.args.js'
import { newestByKey, type Page } from '../pagination/page.js'
import { type List, list } from '../reading/list.js'
import { join, type Row, type Rows, type Sql } from '../reading/row.js'
import { byKey, CANDIDATES, RELEASES } from '../reading/tables.js'

/** The releases of a project, newest first. */
export function releasesOf(project: Row<Project>, args: PageArgs): Page {
  return newestByKey(RELEASES, Prisma.sql`project_id = ${project.id}`, args)
}

export function releaseNamed(project: Row<Project>, version: string): Rows<Release> {
  return RELEASES.where(Prisma.sql`project_id = ${project.id} AND version = ${version}`)
}

/**
 * A candidate of a project by its version, such as `v1.4.0-rc1`.
 *
 * @throws SlipwayError `INVALID_CANDIDATE_VERSION`
 */
export function candidateNamed(projectId: Sql, candidateVersion: string): Rows<ReleaseCandidate> {
  const { release, number } = parseCandidateVersion(candidateVersion)
  const { select } = RELEASES.where(Prisma.sql`project_id = ${projectId} AND version = ${release}`)
  return CANDIDATES.where(Prisma.sql`release_id = (SELECT id FROM (${select}) AS release) AND number = ${number}`)
}

/** The candidates of a release, newest first. */
export function candidatesOf(release: Row<Release>, first: number | null): List {
  const rows = CANDIDATES.where(Prisma.sql`release_id = ${release.id}`)
  return list(rows, candidate => Prisma.sql`${candidate.id} DESC`, first)
}

/** The commit of a release: that of its newest candidate. */
export function commitOf(release: Row<Release>): Sql {
  const newest = CANDIDATES.where(Prisma.sql`release_id = ${release.id} ORDER BY id DESC LIMIT 1`)
  return join(release, newest).commit
}

export function releaseOf(candidate: Row<ReleaseCandidate>): Rows<Release> {
  return byKey(RELEASES, candidate.releaseId)
}

/** The version of a candidate, such as `v1.4.0-rc1`. */
export function versionOf(candidate: Row<ReleaseCandidate>): Sql {
  return Prisma.sql`${join(candidate, releaseOf(candidate)).version} || '-rc' || ${candidate.number}`
}
