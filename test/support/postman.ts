import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { postEvent } from '../../src/demo/post-event.js'

/** Which share of the events suffers what; from 0 to 1. */
interface PostalFaults {
  readonly dropped?: number
  readonly doubled?: number
  /** Kept back so long that others overtake them. */
  readonly reordered?: number
}

interface PostmanOptions {
  readonly secret: string
  readonly faults?: PostalFaults
  /** How long an event is kept back to be overtaken. */
  readonly delayMs?: number
}

/** Brings a provider's events to a Slipway, more or less reliably; like GitHub it brings nothing a second time. */
export class Postman {
  readonly count = { sent: 0, dropped: 0, doubled: 0, reordered: 0, failed: 0 }
  private readonly underWay = new Set<Promise<void>>()

  constructor(
    /** Of the server; may change when it is started anew elsewhere. */
    private readonly url: () => string,
    private readonly options: PostmanOptions,
  ) {}

  post(body: object): void {
    const { faults = {} } = this.options
    this.count.sent++
    if (this.happens(faults.dropped, 'dropped')) return
    const copies = this.happens(faults.doubled, 'doubled') ? 2 : 1
    const delay = this.happens(faults.reordered, 'reordered') ? (this.options.delayMs ?? 500) : 0
    const deliveryId = randomUUID()
    for (let copy = 0; copy < copies; copy++) this.track(this.bring(body, deliveryId, delay))
  }

  /** Waits until nothing is under way any more. */
  async rest(): Promise<void> {
    while (this.underWay.size > 0) await Promise.all(this.underWay)
  }

  private async bring(body: object, deliveryId: string, delay: number): Promise<void> {
    if (delay > 0) await sleep(delay)
    try {
      await postEvent(`${this.url()}/webhooks/github`, this.options.secret, body, deliveryId)
    } catch {
      this.count.failed++
    }
  }

  private happens(share: number | undefined, what: 'dropped' | 'doubled' | 'reordered'): boolean {
    const does = Math.random() < (share ?? 0)
    if (does) this.count[what]++
    return does
  }

  private track(work: Promise<void>): void {
    this.underWay.add(work)
    work.finally(() => this.underWay.delete(work))
  }
}
