import type { Project, Release } from '../../database/generated/client.js'
import type { Loaders } from '../context/request-context.js'
import { loadReferred } from '../loaders/row.loader.js'
import { keyFromCursor } from '../pagination/cursor.js'
import { type PageArgs, pageSize } from '../pagination/page.args.js'
import { type Page, toPage } from '../pagination/page.js'

/** Lists the releases of a project, newest first. */
export async function listReleases(loaders: Loaders, project: Project, args: PageArgs): Promise<Page<Release>> {
  const size = pageSize(args)
  const before = args.after == null ? null : keyFromCursor(args.after)
  const keys = await loaders.releasesByProject.load(project.id, { limit: size + 1, before, filter: null })
  return toPage({
    rows: await Promise.all(keys.map(key => loadReferred(loaders.releases, key))),
    size,
    isContinued: before !== null,
    sortKey: release => release.id,
    totalCount: () => loaders.releasesByProject.count(project.id, null),
  })
}
