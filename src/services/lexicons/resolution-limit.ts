/**
 * How much resolving is done on whose account. Whoever writes records of made-up collections, or asks for
 * made-up names, makes this host ask around; that must stay cheap, and must not crowd out others.
 */

const WINDOW = 10 * 60 * 1_000

/** Names that one caller can have looked up in the network in ten minutes; what is known costs nothing. */
const PER_CALLER = 100

/** Lexicons that an isolate fetches at the same time. */
const AT_ONCE = 24

/**
 * Longer than any of them takes, ms. The platform may end the request that began one, and what it waits for then
 * never arrives: such a one must not count forever.
 */
const LONGEST = 20_000

/** Kept per isolate. */
export class ResolutionLimit {
  readonly #now: () => number
  #windowEnds = 0
  readonly #used = new Map<string, number>()
  readonly #running = new Set<{ since: number }>()

  constructor(now: () => number = Date.now) {
    this.#now = now
  }

  /** Whether a caller may have one more name looked up; counts it if so. */
  take(caller: string): boolean {
    const now = this.#now()
    if (now >= this.#windowEnds) {
      this.#used.clear()
      this.#windowEnds = now + WINDOW
    }
    const used = this.#used.get(caller) ?? 0
    if (used >= PER_CALLER) return false
    this.#used.set(caller, used + 1)
    return true
  }

  /** Runs `work`, or returns undefined when too much is running already. */
  run<T>(work: () => Promise<T>): Promise<T> | undefined {
    const one = { since: this.#now() }
    for (const other of this.#running) {
      if (one.since - other.since > LONGEST) this.#running.delete(other)
    }
    if (this.#running.size >= AT_ONCE) return undefined
    this.#running.add(one)
    return work().finally(() => this.#running.delete(one))
  }
}
