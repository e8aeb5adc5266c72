import { type NodeKind, toGlobalId } from '../../core/global-id.js'
import { type Computed, computed } from '../reading/computed.js'
import type { Row } from '../reading/row.js'

/** The global ID of a row. */
export function globalId(kind: NodeKind, row: Row<{ id: string }>): Computed {
  return computed<string>(row.id, key => toGlobalId(kind, key))
}
