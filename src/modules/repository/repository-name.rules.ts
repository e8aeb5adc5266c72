import { RepositoryHost } from '../../database/generated/enums.js'

/** Whether a name has the form `org/repo_name` (contract, section 1). */
export function isRepositoryName(name: string): boolean {
  const parts = name.split('/')
  return parts.length === 2 && parts.every(part => /^[\w.-]{1,100}$/.test(part) && !/^\.{1,2}$/.test(part))
}

/** Whether two names mean the same repository. GitHub takes upper and lower case as the same, other servers may not. */
export function sameRepository(one: string, other: string, host: RepositoryHost): boolean {
  return host === RepositoryHost.GITHUB ? one.toLowerCase() === other.toLowerCase() : one === other
}
