import { SlipwayError } from '../core/errors.js'

/** Whoever waits longer for a turn gives up; as long as for a connection. */
const LONGEST_WAIT_MS = 20_000
/** When this many wait for the same thing, the next one is told so at once. */
const LONGEST_LINE = 500

interface Line {
  underWay: number
  readonly waiting: (() => void)[]
}

/**
 * Has at most a few do the same thing at once, and the others wait in the order in which they came. Transactions that
 * lock the same row can only run one after the other: those beyond the next would take connections and only wait on
 * them, and a row that somebody else holds would take all connections, from everything.
 */
export class Turns {
  private readonly lines = new Map<string, Line>()

  constructor(
    private readonly atOnce: number,
    private readonly longestWaitMs = LONGEST_WAIT_MS,
  ) {}

  /** @throws SlipwayError `DATABASE_UNAVAILABLE` when the turn does not come in time */
  async take<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
    const line = this.lines.get(name) ?? { underWay: 0, waiting: [] }
    this.lines.set(name, line)
    if (line.underWay < this.atOnce) line.underWay += 1
    else await this.wait(line, name)
    try {
      return await work()
    } finally {
      const next = line.waiting.shift()
      // A turn is handed on: nobody who comes now gets in between.
      if (next !== undefined) next()
      else {
        line.underWay -= 1
        if (line.underWay === 0) this.lines.delete(name)
      }
    }
  }

  private wait({ waiting }: Line, name: string): Promise<void> {
    const crowded = (why: string) =>
      new SlipwayError('DATABASE_UNAVAILABLE', { retryAfter: 5, cause: new Error(`${why} for ${name}`) })
    if (waiting.length >= LONGEST_LINE) return Promise.reject(crowded(`${LONGEST_LINE} wait already`))
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        waiting.splice(waiting.indexOf(enter), 1)
        reject(crowded('The turn did not come in time'))
      }, this.longestWaitMs)
      const enter = () => {
        clearTimeout(timer)
        resolve()
      }
      waiting.push(enter)
    })
  }
}
