import type { ArgumentNode } from 'graphql'

/** A field that is asked for. */
interface Asked {
  /** The type that it is asked of. */
  readonly parent: string
  readonly field: string
  readonly args: readonly ArgumentNode[]
}

/**
 * The keys of an object of the answer, and of the objects in it: what is asked for twice by one key has to be the same
 * field with the same arguments.
 */
export class Scope {
  private readonly entries = new Map<string, Asked & { readonly scope: Scope }>()

  has(key: string): boolean {
    return this.entries.has(key)
  }

  /** The scope of the object by a key. */
  add(key: string, asked: Asked): Scope {
    const scope = this.entries.get(key)?.scope ?? new Scope()
    this.entries.set(key, { ...asked, scope })
    return scope
  }

  /** What is asked for of a type. */
  of(parent: string) {
    return [...this.entries].filter(([, asked]) => asked.parent === parent)
  }
}
