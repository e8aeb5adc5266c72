import type { Database } from '../../database/client.js'
import { rowLoader } from '../loaders/row.loader.js'

export function projectLoaders(database: Database) {
  return {
    projects: rowLoader(keys => database.project.findMany({ where: { id: { in: keys } } })),
  }
}
