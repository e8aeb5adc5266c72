import { SlipwayError } from '../core/errors.js'
import { AskerLeft } from './asker-left.js'

/** A query of this effort takes the most slots that one query takes; one of more effort takes no more. */
const DEAREST = 2_000
/** Queries make way for this long after a transaction was begun: where one is, there are more to come. */
const MAKING_WAY_MS = 1_000
/** The most queries that wait, of one asker and of all together. */
const LONGEST_LINE = 100
const MOST_WAITING = 1_000
/** Whoever waits longer gives up; as long as for a connection. */
const LONGEST_WAIT_MS = 20_000
const RETRY_AFTER_SECONDS = 5

interface Waiting {
  /** What it takes while transactions are under way; one slot otherwise. */
  readonly slots: number
  /** When its turn comes, on the queue's clock. */
  readonly start: number
  /** Begins it, on the slots that were taken for it. */
  readonly enter: (taken: number) => void
}

/** What one asker has under way and waiting. */
interface Line {
  /** On the queue's clock, when all that it has asked for so far would have had its turn. */
  finish: number
  underWay: number
  readonly waiting: Waiting[]
}

/**
 * Has queries carried out a few at a time, however many are asked for. While pipelines change something, each takes one
 * slot or more, by its effort, and a dear one more than half of them: two of those are then not begun at once, beside which
 * a report would wait for the processor with each of its statements.
 *
 * The order is fair to the askers: each gets the same part of the slots while it has something to ask for, however many of
 * its queries wait (start-time fair queueing: Goyal, Vin and Cheng, 1996). The clock of the queue counts slots.
 */
export class QueryQueue {
  /** By asker, those that have something under way or waiting. */
  private readonly lines = new Map<string, Line>()
  private readonly most: number
  private free: number
  private clock = 0
  private waiting = 0
  private madeWayAt = Number.NEGATIVE_INFINITY

  /** @param slots how many queries are under way at most, as many as there are connections for them */
  constructor(
    slots: number,
    private readonly longestWaitMs = LONGEST_WAIT_MS,
  ) {
    this.free = slots
    this.most = Math.floor(slots / 2) + 1
  }

  /** Has queries make way for a transaction that begins. */
  makeWay(): void {
    this.madeWayAt = performance.now()
  }

  /**
   * Carries out a query of an asker when its turn has come.
   *
   * @param effort about how many objects it makes
   * @param signal when it is aborted, nobody waits for the query any more
   * @throws SlipwayError `RATE_LIMITED` when too many of the same asker wait, `OVERLOADED` when too many of all do, or
   *   when the turn does not come in time
   * @throws AskerLeft when the signal is aborted before the turn has come
   */
  async take<Result>(asker: string, effort: number, signal: AbortSignal, work: () => Promise<Result>): Promise<Result> {
    const slots = Math.max(1, Math.ceil(this.most * Math.min(1, effort / DEAREST)))
    const line = this.lines.get(asker) ?? { finish: this.clock, underWay: 0, waiting: [] }
    const taken = await this.turn(asker, line, slots, signal)
    try {
      return await work()
    } finally {
      line.underWay -= 1
      this.free += taken
      this.settle(asker, line)
    }
  }

  private turn(asker: string, line: Line, slots: number, signal: AbortSignal): Promise<number> {
    if (signal.aborted) return Promise.reject(new AskerLeft())
    if (line.waiting.length >= LONGEST_LINE) {
      const details = `${LONGEST_LINE} queries of the same token wait already.`
      return Promise.reject(new SlipwayError('RATE_LIMITED', { details, retryAfter: RETRY_AFTER_SECONDS }))
    }
    if (this.waiting >= MOST_WAITING) return Promise.reject(overloaded())
    return new Promise((resolve, reject) => {
      const start = Math.max(this.clock, line.finish)
      const give = (outcome: () => void) => {
        clearTimeout(timer)
        signal.removeEventListener('abort', leave)
        this.waiting -= 1
        outcome()
      }
      const giveUp = (error: Error) => {
        line.waiting.splice(line.waiting.indexOf(entry), 1)
        give(() => reject(error))
        this.settle(asker, line)
      }
      const leave = () => giveUp(new AskerLeft())
      const timer = setTimeout(() => giveUp(overloaded()), this.longestWaitMs)
      const entry: Waiting = { slots, start, enter: taken => give(() => resolve(taken)) }
      signal.addEventListener('abort', leave)
      line.finish = start + slots
      this.lines.set(asker, line)
      line.waiting.push(entry)
      this.waiting += 1
      this.admit()
    })
  }

  /** To be called as soon as something has left a line: one that has nothing is no line any more. */
  private settle(asker: string, line: Line): void {
    if (line.underWay === 0 && line.waiting.length === 0) this.lines.delete(asker)
    this.admit()
  }

  /** Lets in whoever is next, as long as there are slots. Nobody overtakes one that needs more of them than are free. */
  private admit(): void {
    for (;;) {
      const line = this.next()
      const [first] = line?.waiting ?? []
      if (line === undefined || first === undefined) return
      const taken = performance.now() < this.madeWayAt + MAKING_WAY_MS ? first.slots : 1
      if (taken > this.free) return
      line.waiting.shift()
      line.underWay += 1
      this.free -= taken
      this.clock = first.start
      first.enter(taken)
    }
  }

  /** The line whose first one is next. */
  private next(): Line | undefined {
    let next: Line | undefined
    for (const line of this.lines.values()) {
      const { start = Number.POSITIVE_INFINITY } = line.waiting[0] ?? {}
      if (start < (next?.waiting[0]?.start ?? Number.POSITIVE_INFINITY)) next = line
    }
    return next
  }
}

function overloaded(): SlipwayError {
  return new SlipwayError('OVERLOADED', { retryAfter: RETRY_AFTER_SECONDS })
}
