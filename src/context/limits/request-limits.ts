import { RateLimitError } from '../../services/objects/rate-limit-error.ts'
import { mostRestrictive } from '../../storage/rate-counter.ts'
import type { RateLimitStatus } from '../../storage/rate-limit.ts'

/** Whether one request is subject to rate limits, and what is left of those that it was counted against. */
export class RequestLimits {
  readonly isLimited: boolean
  readonly #statuses: RateLimitStatus[] = []

  constructor(isLimited: boolean) {
    this.isLimited = isLimited
  }

  /** Notes what is left, for the answer's headers. @throws RateLimitError when it is nothing */
  note(status: RateLimitStatus | undefined): void {
    if (!status) return
    if (status.exceeded) throw new RateLimitError(status)
    this.#statuses.push(status)
  }

  /** What the client is told: the limit of which least is left. */
  status(): RateLimitStatus | undefined {
    return mostRestrictive(this.#statuses)
  }
}
