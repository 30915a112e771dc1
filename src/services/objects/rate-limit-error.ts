import { XRPCError } from '@atproto/xrpc-server'
import type { RateLimitStatus } from '../../storage/rate-limit.ts'

/** A rate limit was exceeded: 429 `RateLimitExceeded`. */
export class RateLimitError extends XRPCError {
  override name = 'RateLimitError'
  readonly rateLimit: RateLimitStatus
  constructor(rateLimit: RateLimitStatus, message = 'Rate Limit Exceeded') {
    super(429, message, 'RateLimitExceeded')
    this.rateLimit = rateLimit
  }
}
