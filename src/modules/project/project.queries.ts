import type { Project } from '../../database/generated/client.js'
import type { ServiceContext } from '../context/service-context.js'
import { keyFromCursor } from '../pagination/cursor.js'
import { type PageArgs, pageSize } from '../pagination/page.args.js'
import { type Page, toPage } from '../pagination/page.js'

/** Lists the projects that the actor may see, newest first. */
export async function listProjects(
  ctx: ServiceContext,
  args: PageArgs & { readonly search?: string | null },
): Promise<Page<Project>> {
  const size = pageSize(args)
  const after = args.after == null ? null : keyFromCursor(args.after)
  const visible = ctx.actor.projects === null ? {} : { name: { in: [...ctx.actor.projects] } }
  const search = args.search ? { name: { contains: args.search, mode: 'insensitive' as const } } : {}
  const where = { AND: [visible, search] }
  const rows = await ctx.database.project.findMany({
    where: after === null ? where : { AND: [where, { id: { lt: after } }] },
    orderBy: { id: 'desc' },
    take: size + 1,
  })
  return toPage({
    rows,
    size,
    isContinued: after !== null,
    sortKey: project => project.id,
    totalCount: () => ctx.database.project.count({ where }),
  })
}
