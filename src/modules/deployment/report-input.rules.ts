import { SlipwayError } from '../../core/errors.js'

/** The clock of a pipeline may be ahead by so much. */
const TOLERATED_LEAD_MS = 5 * 60_000

/** @throws SlipwayError `INVALID_INPUT` for a time that no clock of a pipeline's can show */
export function checkNotAhead(occurredAt: Date | null): void {
  if (occurredAt !== null && occurredAt.getTime() > Date.now() + TOLERATED_LEAD_MS) {
    throw new SlipwayError('INVALID_INPUT', { message: 'Invalid occurred_at: it is more than five minutes ahead' })
  }
}

/** Dashboards make links of it: a `javascript:` URL must not get that far. */
export function checkExternalUrl(text: string | null): void {
  if (text === null || (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol))) return
  throw new SlipwayError('INVALID_INPUT', { message: 'Invalid external_url: it must be an http or https URL' })
}
