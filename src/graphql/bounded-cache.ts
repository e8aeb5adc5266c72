import { LRUCache } from 'lru-cache'

interface Bounds<Value> {
  /** What all values together may take, in bytes. */
  readonly bytes: number
  /** How many values there may be. */
  readonly entries: number
  /** What a value takes, in bytes, above 0. */
  readonly bytesOf: (value: Value) => number
}

/** A cache as Apollo wants one. What was not used for the longest time makes room for what is new. */
export class BoundedCache<Value extends object | string> {
  private readonly values: LRUCache<string, Value>

  constructor({ bytes, entries, bytesOf }: Bounds<Value>) {
    this.values = new LRUCache({ max: entries, maxSize: bytes, sizeCalculation: bytesOf })
  }

  async get(key: string): Promise<Value | undefined> {
    return this.values.get(key)
  }

  async set(key: string, value: Value): Promise<void> {
    this.values.set(key, value)
  }

  async delete(key: string): Promise<boolean> {
    return this.values.delete(key)
  }
}
