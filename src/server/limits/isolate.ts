/** Limits on all requests of an address, counted in each isolate: a shield, not an account. */
import { type Allowance, type Budget, budgetOf } from '../../storage/rate-counter.ts'

/** Addresses remembered at once; beyond that those are forgotten whose window began first. */
const MAX_ADDRESSES = 50_000

const MINUTES_5 = 5 * 60 * 1000
const EVERYTHING: Allowance = { limit: 3_000, window: MINUTES_5 }
/** Backing up many repositories takes many requests, and is counted on its own. */
const GET_REPO: Allowance = { limit: 6_000, window: MINUTES_5 }
/** Looks through all tree nodes of a repository in its object, where the other methods read what they need. */
const GET_BLOCKS: Allowance = { limit: 300, window: MINUTES_5 }

const OWN: Readonly<Record<string, Allowance>> = {
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
  spend(address: string, nsid: string): Budget {
    const own = OWN[nsid]
    return this.#spend(own ? `${nsid} ${address}` : address, own ?? EVERYTHING)
  }

  #spend(key: string, allowance: Allowance): Budget {
    const now = Date.now()
    let window = this.#windows.get(key)
    if (!window || window.until <= now) {
      // Put at the end, so that the oldest windows come first.
      this.#windows.delete(key)
      window = { points: 0, until: now + allowance.window }
      this.#windows.set(key, window)
      if (this.#windows.size > MAX_ADDRESSES) this.#forgetOldest()
    }
    window.points++
    return budgetOf(allowance, window)
  }

  #forgetOldest(): void {
    const [oldest] = this.#windows.keys()
    if (oldest !== undefined) this.#windows.delete(oldest)
  }
}
