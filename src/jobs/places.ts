/** At most this many jobs call one place at once: more would not make it answer sooner. */
const MOST_PER_PLACE = 4
/** A place gets at most this part of the slots that are free. */
const PART_OF_FREE = 4

/**
 * Shares slots between the places outside that jobs call, so that one that is slow holds up nobody else. A place may have
 * at most four jobs under way, and fewer the fewer slots are free; one job it may have as long as any slot is free.
 */
export class Places {
  private readonly taken = new Map<string, number>()
  private total = 0

  constructor(private readonly slots: number) {}

  /** The places that may have no more jobs for now. */
  full(): string[] {
    const share = this.share()
    return [...this.taken].filter(([, jobs]) => jobs >= share).map(([place]) => place)
  }

  /** Begins a job at a place; false when the place may have no more. Each success needs one `leave`. */
  enter(place: string): boolean {
    const jobs = this.taken.get(place) ?? 0
    if (jobs > 0 && jobs >= this.share()) return false
    this.taken.set(place, jobs + 1)
    this.total += 1
    return true
  }

  /** Ends a job at a place. */
  leave(place: string): void {
    const jobs = this.taken.get(place) ?? 0
    if (jobs > 1) this.taken.set(place, jobs - 1)
    else this.taken.delete(place)
    this.total -= 1
  }

  private share(): number {
    const free = this.slots - this.total
    return Math.min(MOST_PER_PLACE, Math.max(1, Math.ceil(free / PART_OF_FREE)))
  }
}
