import { statusOf } from '../kernel/error-status.ts'
import type { RateLimitStatus } from './rate-limit.ts'

/**
 * An error of the storage layer that the caller is meant to see. `name` is the XRPC error name and
 * `status` the HTTP status it becomes, as its name has it unless it is given; everything else that storage throws is an internal error.
 */
export class StorageError extends Error {
  readonly status: number
  /** Set when a rate limit was exceeded. */
  readonly rateLimit: RateLimitStatus | undefined
  constructor(name: string, message: string, status = statusOf(name), rateLimit?: RateLimitStatus) {
    super(message)
    this.name = name
    this.status = status
    this.rateLimit = rateLimit
  }
}

/** A rate limit was exceeded. */
export const rateLimited = (rateLimit: RateLimitStatus): StorageError =>
  new StorageError('RateLimitExceeded', 'Rate Limit Exceeded', undefined, rateLimit)
