import { TypeID } from 'typeid-js'

/** The kinds of things that have a global ID. */
export type NodeKind = 'project' | 'environment' | 'release' | 'candidate' | 'deployment'

const KINDS: ReadonlySet<string> = new Set<NodeKind>(['project', 'environment', 'release', 'candidate', 'deployment'])

/** The ID that clients see for a row, such as `deployment_01kaz…`: a TypeID, sorted by time as the UUIDv7 is. */
export function toGlobalId(kind: NodeKind, key: string): string {
  return TypeID.fromUUID(kind, key).toString()
}

/** Takes a global ID apart; null when it is none. */
export function fromGlobalId(id: string): { kind: NodeKind; key: string } | null {
  const kind = id.slice(0, id.lastIndexOf('_'))
  if (!isKind(kind)) return null
  try {
    return { kind, key: TypeID.fromString(id, kind).toUUID() }
  } catch {
    return null
  }
}

function isKind(text: string): text is NodeKind {
  return KINDS.has(text)
}
