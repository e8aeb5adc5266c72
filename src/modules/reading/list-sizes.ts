import type { Logger } from 'pino'
import { Prisma } from '../../database/generated/client.js'
import type { SqlReader } from '../../database/transaction.js'
import type { ListKind } from './list-kind.js'
import type { Sql } from './row.js'

type MeasuredKind = ListKind & { readonly largest: Sql }

/** Sizes are measured again when they are this old. */
const RENEWED_MS = 60_000
/** A size that nothing has confirmed for this long is forgotten. Longer, so that what is measured is always known. */
const KEPT_MS = 120_000
/** A list whose kind is not measured is taken to be this long, until a longer one is met. */
const USUAL = 10

const NEVER = Number.NEGATIVE_INFINITY

/** A size that proves too small becomes this many times as large, so that a long list is met after a few tries. */
const GROWTH = 4

/** A list has turned out to be longer than was assumed; the operation is to be weighed and executed again. */
export class Outgrown extends Error {
  override readonly name = 'Outgrown'

  constructor(
    readonly kind: ListKind,
    /** What it was taken to be at most. */
    readonly assumed: number,
  ) {
    super(`A list of the kind "${kind.name}" is longer than was known`)
  }
}

/**
 * How long lists are at most, by kind: as long as the largest that the database has, and never longer than the kind's
 * cap. A size may be out of date. Whoever reads a list therefore asks for no more rows than one above the size, and
 * throws `Outgrown` when that one comes: then the size is corrected. So a query never makes more than it was weighed for.
 */
export class ListSizes {
  private readonly sizes = new Map<ListKind, { readonly size: number; readonly knownAt: number }>()
  private readonly measured: readonly MeasuredKind[]
  private measuredAt = NEVER
  private measuring: Promise<void> | undefined

  /** @param kinds all kinds of lists that the schema has */
  constructor(
    kinds: Iterable<ListKind>,
    private readonly reader: SqlReader,
    private readonly log: Pick<Logger, 'warn'>,
  ) {
    this.measured = [...new Set(kinds)].filter((kind): kind is MeasuredKind => kind.largest !== undefined)
  }

  /** The longest that a list of a kind is taken to be: at least 1, and at most the kind's cap. */
  of(kind: ListKind): number {
    const known = this.sizes.get(kind)
    const size = known !== undefined && performance.now() < known.knownAt + KEPT_MS ? known.size : USUAL
    return Math.min(kind.cap, size)
  }

  /**
   * Has the sizes measured again when they are too old, with one statement however many ask. Only while nothing is known
   * is that waited for: a size that has become wrong is corrected as soon as it is met.
   */
  async refresh(): Promise<void> {
    if (performance.now() < this.measuredAt + RENEWED_MS) return
    this.measuring ??= this.measure().finally(() => {
      this.measuring = undefined
    })
    if (this.measuredAt === NEVER) await this.measuring
  }

  /**
   * Corrects the size of a kind of which a longer list was met: it grows with each call, up to the cap. Of many queries
   * that meet the same list at once, the first corrects it for all.
   */
  async correct({ kind, assumed }: Outgrown): Promise<void> {
    if (this.of(kind) > assumed) return
    if (kind.largest !== undefined) {
      // What is under way may have begun before the list was so long.
      await this.measuring
      if (this.of(kind) > assumed) return
      this.measuredAt = NEVER
      await this.refresh()
    }
    if (this.of(kind) <= assumed) this.set(kind, assumed * GROWTH)
  }

  private async measure(): Promise<void> {
    const { measured } = this
    if (measured.length === 0) return
    try {
      const largest = Prisma.join(measured.map(kind => Prisma.sql`(${kind.largest})`))
      const [{ sizes }] = await this.reader.$queryRaw<[{ sizes: (number | null)[] }]>(
        Prisma.sql`SELECT json_build_array(${largest}) AS sizes`,
      )
      measured.forEach((kind, index) => {
        this.set(kind, Math.max(1, sizes[index] ?? 0))
      })
    } catch (error) {
      // Whatever there is, it is not longer than the cap; should the database be away, the query itself says so.
      this.log.warn({ err: error }, 'The sizes of lists cannot be measured; their caps are taken instead')
      for (const kind of measured) this.set(kind, kind.cap)
    }
    this.measuredAt = performance.now()
  }

  private set(kind: ListKind, size: number): void {
    this.sizes.set(kind, { size, knownAt: performance.now() })
  }
}
