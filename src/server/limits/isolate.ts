/** Rate limits on the requests of an address, counted in each isolate: cheap, and not exact. */
import {
  type RateLimitRule,
  type RateLimitStatus,
  rateLimitStatus,
} from '../../storage/rate-counter.ts'

/** Windows kept at once; beyond that those are forgotten which began first. */
const MAX_WINDOWS = 50_000

interface Window {
  points: number
  until: number
}

export class IsolateLimits {
  readonly #windows = new Map<string, Window>()

  /** Counts a request. @param key whom and what is counted */
  consume(key: string, rule: RateLimitRule): RateLimitStatus {
    const now = Date.now()
    let window = this.#windows.get(key)
    if (!window || window.until <= now) {
      // Put at the end, so that the oldest windows come first.
      this.#windows.delete(key)
      window = { points: 0, until: now + rule.window }
      this.#windows.set(key, window)
      if (this.#windows.size > MAX_WINDOWS) this.#forgetOldest()
    }
    window.points++
    return rateLimitStatus(rule, window)
  }

  #forgetOldest(): void {
    const [oldest] = this.#windows.keys()
    if (oldest !== undefined) this.#windows.delete(oldest)
  }
}

/** Those of this isolate. */
export const isolateLimits = new IsolateLimits()
