/** Rate limits on the requests of an address, counted in each isolate: cheap, and not exact. */
import { widerNetwork } from '../../kernel/net/client-network.ts'
import { rateLimitStatus } from '../../storage/rate-counter.ts'
import type { RateLimitRule, RateLimitStatus } from '../../storage/rate-limit.ts'

/** Windows kept at once. */
const MAX_WINDOWS = 50_000
/** Beyond that, the next old one is forgotten that is over, or of whose limit no more than this part was used; */
const LITTLE = 0.01
/** of so many, if there is none, the one of which least was used. */
const LOOKED_AT = 8
/** What all networks of an IPv6 /48 may do together, as a multiple of what one may. */
const WIDER = 10

interface Window {
  points: number
  until: number
  limit: number
}

export class IsolateLimits {
  readonly #windows = new Map<string, Window>()
  /** Goes round the windows, from those that began first to the new ones at the end, and then again. */
  #hand = this.#windows.entries()

  /** Windows that are kept. */
  get size(): number {
    return this.#windows.size
  }

  /** Counts a request. @param key whom and what is counted */
  consume(key: string, rule: RateLimitRule): RateLimitStatus {
    const now = Date.now()
    let window = this.#windows.get(key)
    if (!window || window.until <= now) {
      // Put at the end, so that the oldest windows come first.
      this.#windows.delete(key)
      if (this.#windows.size >= MAX_WINDOWS) this.#forgetOne(now)
      window = { points: 0, until: now + rule.window, limit: rule.limit }
      this.#windows.set(key, window)
    }
    window.points++
    return rateLimitStatus(rule, window)
  }

  /**
   * Counts a request for its network and, unless that has used its limit up, for the IPv6 /48 around it: who has one
   * has 65,536 networks.
   *
   * @param kind what is counted
   * @returns the status for the network, or for the /48 when that has used its own up
   */
  consumeOf(kind: string, network: string, rule: RateLimitRule): RateLimitStatus {
    const own = this.consume(`${kind} ${network}`, rule)
    const wider = widerNetwork(network)
    if (own.exceeded || wider === network) return own
    const all = this.consume(`${kind} ${wider}`, { ...rule, limit: rule.limit * WIDER })
    return all.exceeded ? all : own
  }

  /** Whoever is near a limit must not get a new window because many others, or other networks of theirs, came once. */
  #forgetOne(now: number): void {
    let chosen: string | undefined
    let least = Number.POSITIVE_INFINITY
    for (let looked = 0; looked < LOOKED_AT; looked++) {
      const [key, { points, until, limit }] = this.#next()
      const used = until <= now ? -1 : points / limit
      if (used < least) {
        chosen = key
        least = used
      }
      if (used <= LITTLE) break
    }
    if (chosen !== undefined) this.#windows.delete(chosen)
  }

  /** There is one: only asked for when there are many. */
  #next(): [string, Window] {
    const next = this.#hand.next()
    if (!next.done) return next.value
    this.#hand = this.#windows.entries()
    return this.#hand.next().value as [string, Window]
  }
}

/** Those of this isolate. */
export const isolateLimits = new IsolateLimits()
