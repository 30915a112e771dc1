import { XRPCError } from '@atproto/xrpc-server'
import type { RateLimitStatus } from '../../storage/rate-counter.ts'

/** A rate limit was exceeded: 429 `RateLimitExceeded`. */
export class RateLimitError extends XRPCError {
  override name = 'RateLimitError'
  readonly rateLimit: RateLimitStatus
  constructor(rateLimit: RateLimitStatus) {
    super(429, 'Rate Limit Exceeded', 'RateLimitExceeded')
    this.rateLimit = rateLimit
  }
}
