import type { Logger } from 'pino'
import { Prisma } from '../../database/generated/client.js'
import type { SqlReader } from '../../database/transaction.js'
import type { ListKind } from './list-kind.js'
import type { Sql } from './row.js'

type MeasuredKind = ListKind & { readonly largest: Sql }

/** Sizes are measured again when they are this old. */
const RENEWED_MS = 60_000
/** A size that is not measured is forgotten when nothing has confirmed it for this long. */
const KEPT_MS = 120_000
/** A list whose kind is not measured is taken to be this long, until a longer one is met. */
const USUAL = 10

/** A size that proves too small becomes this many times as large, so that a long list is met after a few tries. */
const GROWTH = 4

/** A list has turned out to be longer than was assumed; the operation is to be weighed and executed again. */
export class Outgrown extends Error {
  override readonly name = 'Outgrown'

  constructor(
    readonly kind: ListKind,
    /** The longest that the list was taken to be. */
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
  /** By `performance.now()`; null: never. */
  private measuredAt: number | null = null
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
    const isKept = known && (kind.largest !== undefined || performance.now() < known.knownAt + KEPT_MS)
    return Math.min(kind.cap, isKept ? known.size : USUAL)
  }

  /**
   * Measures the sizes again when they are too old. Only the first measurement is waited for: until the next ones are
   * there, the sizes from before hold, which are corrected when a longer list is met.
   */
  async refresh(): Promise<void> {
    if (this.measuredAt !== null && performance.now() < this.measuredAt + RENEWED_MS) return
    const measured = this.measureOnce()
    if (this.measuredAt === null) await measured
  }

  /**
   * Corrects the size of a kind of which a longer list was met: it grows with each call, up to the cap. When several
   * queries meet the same list at once, the first corrects it for all of them.
   */
  async correct({ kind, assumed }: Outgrown): Promise<void> {
    if (kind.largest !== undefined) {
      // A measurement that is under way may have begun before the list grew.
      await this.measuring
      if (this.of(kind) <= assumed) await this.measureOnce()
    }
    if (this.of(kind) <= assumed) this.set(kind, assumed * GROWTH)
  }

  /** Measures the sizes with one statement, however many callers wait for it. */
  private measureOnce(): Promise<void> {
    this.measuring ??= this.measure().finally(() => {
      this.measuring = undefined
    })
    return this.measuring
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
      // Sizes that are out of date do no harm: they are corrected when a longer list is met.
      this.log.warn({ err: error }, 'The sizes of lists cannot be measured; those known so far stay in use')
    }
    this.measuredAt = performance.now()
  }

  private set(kind: ListKind, size: number): void {
    this.sizes.set(kind, { size, knownAt: performance.now() })
  }
}
