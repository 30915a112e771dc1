/** Rate limits on all requests of an address, counted in each isolate: cheap, and not exact. */
import {
  type RateLimitRule,
  type RateLimitStatus,
  rateLimitStatus,
} from '../../storage/rate-counter.ts'

/** Addresses cached at once; beyond that those are forgotten whose window began first. */
const MAX_ADDRESSES = 50_000

const MINUTES_5 = 5 * 60 * 1000
const EVERYTHING: RateLimitRule = { limit: 3_000, window: MINUTES_5 }
/** Backing up many repositories takes many requests, and is counted on its own. */
const GET_REPO: RateLimitRule = { limit: 6_000, window: MINUTES_5 }
/** Looks through all tree nodes of a repository in its object, where the other methods read what they need. */
const GET_BLOCKS: RateLimitRule = { limit: 300, window: MINUTES_5 }

const OWN: Readonly<Record<string, RateLimitRule>> = {
  'com.atproto.sync.getRepo': GET_REPO,
  'com.atproto.sync.getBlocks': GET_BLOCKS,
}

interface Window {
  points: number
  until: number
}

export class IsolateLimits {
  readonly #windows = new Map<string, Window>()

  /** Counts a request. */
  consume(address: string, nsid: string): RateLimitStatus {
    const own = OWN[nsid]
    return this.#consume(own ? `${nsid} ${address}` : address, own ?? EVERYTHING)
  }

  #consume(key: string, rule: RateLimitRule): RateLimitStatus {
    const now = Date.now()
    let window = this.#windows.get(key)
    if (!window || window.until <= now) {
      // Put at the end, so that the oldest windows come first.
      this.#windows.delete(key)
      window = { points: 0, until: now + rule.window }
      this.#windows.set(key, window)
      if (this.#windows.size > MAX_ADDRESSES) this.#forgetOldest()
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
