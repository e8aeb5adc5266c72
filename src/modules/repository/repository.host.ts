import type { RepositoryHost as RepositoryHostName } from '../../database/generated/enums.js'

/** What a host needs to know of a project to find its repository. */
interface RepositoryReference {
  /** `org/repo_name`, well formed. */
  readonly repository: string
  readonly repositoryHost: RepositoryHostName
  /** Where to clone it from; set exactly for `GIT`. */
  readonly cloneUrl: string | null
}

/** A system that keeps repositories, asked what only it can know. It is outside: never called inside a transaction. */
export interface RepositoryHost {
  /**
   * Resolves a commit to its full SHA, lower case.
   *
   * @param commit 7 to 64 hexadecimal digits
   * @throws SlipwayError `REPOSITORY_NOT_FOUND` when the repository is missing or not visible, `INVALID_COMMIT` when it
   *   has no such commit or several begin so, `HOST_UNAVAILABLE` when the host cannot say (down, too slow, out of rate)
   */
  resolveCommit(repository: RepositoryReference, commit: string): Promise<string>
}
