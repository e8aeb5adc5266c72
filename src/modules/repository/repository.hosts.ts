import type { Logger } from 'pino'
import { RepositoryHost as HostName } from '../../database/generated/enums.js'
import { parseCloneUrl } from './clone-url.rules.js'
import { createGitHost } from './git.host.js'
import type { GitHubSettings } from './github.client.js'
import { createGitHubHost } from './github.host.js'
import type { RepositoryHost } from './repository.host.js'

/** All repository hosts; a repository is looked for on its own. */
export interface RepositoryHosts extends RepositoryHost {
  /**
   * Checks the clone URL of a `GIT` repository, without asking its server.
   *
   * @throws SlipwayError `INVALID_INPUT`
   */
  checkCloneUrl(url: string): string
}

interface HostSettings {
  readonly dataDir: string
  readonly allowFileRepositories: boolean
  readonly github: GitHubSettings
}

export function createRepositoryHosts(settings: HostSettings, log: Logger): RepositoryHosts {
  const hosts: Record<HostName, RepositoryHost> = {
    [HostName.GIT]: createGitHost(settings.dataDir),
    [HostName.GITHUB]: createGitHubHost(settings.github, log),
  }
  return {
    resolveCommit: (repository, commit) => hosts[repository.repositoryHost].resolveCommit(repository, commit),
    checkCloneUrl: url => parseCloneUrl(url, { allowFile: settings.allowFileRepositories }),
  }
}
