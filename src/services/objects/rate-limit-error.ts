import { XRPCError } from '@atproto/xrpc-server'
import type { Budget } from '../../storage/rate-counter.ts'

/** Somebody asked for more than there is for them within a time: 429 `RateLimitExceeded`. */
export class RateLimitError extends XRPCError {
  override name = 'RateLimitError'
  readonly budget: Budget
  constructor(budget: Budget) {
    super(429, 'Rate Limit Exceeded', 'RateLimitExceeded')
    this.budget = budget
  }
}

/** Tells a client how much it has left, in the headers of the reference PDS. */
export function setBudgetHeaders(headers: Headers, budget: Budget): void {
  const { limit, remaining, resetAt, window, exceeded } = budget
  headers.set('ratelimit-limit', String(limit))
  headers.set('ratelimit-remaining', String(remaining))
  headers.set('ratelimit-reset', String(Math.ceil(resetAt / 1000)))
  headers.set('ratelimit-policy', `${limit};w=${Math.ceil(window / 1000)}`)
  if (exceeded) {
    const seconds = Math.max(1, Math.ceil((resetAt - Date.now()) / 1000))
    headers.set('retry-after', String(seconds))
  }
}
