import type { Database } from '../database/client.js'

/** A revocation is known to every replica after so long at the latest. */
const REFRESH_MS = 1_000

/** The tokens that are refused although they are signed and not expired, read anew at most once a second. */
export class RevokedTokens {
  private ids: ReadonlySet<string> = new Set()
  private readAt = Number.NEGATIVE_INFINITY
  private reading: Promise<void> | undefined

  constructor(private readonly database: Database) {}

  async has(tokenId: string): Promise<boolean> {
    if (performance.now() - this.readAt >= REFRESH_MS) {
      this.reading ??= this.read().finally(() => {
        this.reading = undefined
      })
      await this.reading
    }
    return this.ids.has(tokenId)
  }

  private async read(): Promise<void> {
    const begun = performance.now()
    const tokens = await this.database.revokedToken.findMany({ select: { id: true } })
    this.ids = new Set(tokens.map(token => token.id))
    this.readAt = begun
  }
}
