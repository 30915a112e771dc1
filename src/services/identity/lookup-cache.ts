/** How long an answer counts, in ms from its arrival. */
export interface Lifetime {
  /** So long it is given without asking again. */
  fresh: number
  /** So long it is still given while a newer one is fetched behind the scenes. */
  stale: number
}

export interface LookupCacheOptions<T> {
  lifetime(value: T): Lifetime
  /** Size of an answer, in any unit; `maxWeight` is in the same. */
  weigh(value: T): number
  maxEntries: number
  maxWeight: number
  /** ms since 1970 */
  now?: () => number
}

export interface LookupOptions {
  /** Asks anew, whatever is cached. */
  fresh?: boolean
  /** Keeps the request alive that others wait for, and on whose account refreshing goes on. */
  waitUntil(work: Promise<unknown>): void
}

/** A failure is cached this long, so that requests do not each wait for a server that is down; ms. */
const NEGATIVE_TTL = 10_000

/** When refreshing failed, it is tried again after this time; ms. */
const REFRESH_BACKOFF = 60_000

/**
 * How long to wait for a look-up that another request began, ms. The platform may end that request, and
 * what it waits for then never arrives.
 */
const JOIN_TIMEOUT = 7_000

type LookupResult<T> = { value: T } | { error: unknown }

interface Entry<T> {
  outcome: LookupResult<T>
  freshUntil: number
  staleUntil: number
  weight: number
}

/**
 * Caches what was looked up, in the memory of an isolate. Look-ups of one key at the same time are one.
 * An answer that is getting old is given at once and renewed in the background, so that only the first to
 * ask waits; should renewing fail, the old answer serves until it is stale. When memory is full, what was
 * not asked for longest goes first.
 */
export class LookupCache<T> {
  readonly #options: LookupCacheOptions<T>
  readonly #now: () => number
  readonly #entries = new Map<string, Entry<T>>()
  readonly #running = new Map<string, Promise<T>>()
  #weight = 0

  constructor(options: LookupCacheOptions<T>) {
    this.#options = options
    this.#now = options.now ?? Date.now
  }

  get size(): number {
    return this.#entries.size
  }

  /** @param ask looks it up; what it throws is thrown here, now and for a short time afterwards */
  async get(key: string, ask: () => Promise<T>, options: LookupOptions): Promise<T> {
    const entry = this.#entries.get(key)
    const now = this.#now()
    if (options.fresh || !entry || now >= entry.staleUntil) return this.#lookUp(key, ask, options)
    // Moves it to the end: what is used is kept.
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    if (now >= entry.freshUntil && !this.#running.has(key)) {
      this.#start(key, ask, options).catch(() => {})
    }
    if ('error' in entry.outcome) throw entry.outcome.error
    return entry.outcome.value
  }

  /** The next to ask gets a new answer. */
  invalidate(key: string): void {
    this.#running.delete(key)
    this.#remove(key)
  }

  async #lookUp(key: string, ask: () => Promise<T>, options: LookupOptions): Promise<T> {
    // Who wants a new answer is not served by a look-up that may have begun before the change.
    const running = options.fresh ? undefined : this.#running.get(key)
    if (!running) return this.#start(key, ask, options)
    const joined = await waitAtMost(running, JOIN_TIMEOUT)
    if (!joined) return this.#start(key, ask, options)
    if ('error' in joined) throw joined.error
    return joined.value
  }

  #start(key: string, ask: () => Promise<T>, { waitUntil }: LookupOptions): Promise<T> {
    const running: Promise<T> = ask().then(
      (value) => {
        this.#finish(key, running, { value })
        return value
      },
      (error: unknown) => {
        this.#finish(key, running, { error })
        throw error
      },
    )
    this.#running.set(key, running)
    waitUntil(running.catch(() => {}))
    return running
  }

  #finish(key: string, running: Promise<T>, outcome: LookupResult<T>): void {
    // A newer look-up has begun, or the key was forgotten: this answer may be out of date.
    if (this.#running.get(key) !== running) return
    this.#running.delete(key)
    const now = this.#now()
    const entry = this.#entries.get(key)
    if ('error' in outcome) {
      if (entry && now < entry.staleUntil) {
        entry.freshUntil = Math.max(entry.freshUntil, now + REFRESH_BACKOFF)
        return
      }
      const until = now + NEGATIVE_TTL
      this.#store(key, { outcome, freshUntil: until, staleUntil: until, weight: 0 })
      return
    }
    const { fresh, stale } = this.#options.lifetime(outcome.value)
    const weight = this.#options.weigh(outcome.value)
    this.#store(key, { outcome, freshUntil: now + fresh, staleUntil: now + stale, weight })
  }

  #store(key: string, entry: Entry<T>): void {
    this.#remove(key)
    this.#entries.set(key, entry)
    this.#weight += entry.weight
    const { maxEntries, maxWeight } = this.#options
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= maxEntries && this.#weight <= maxWeight) break
      this.#remove(oldest)
    }
  }

  #remove(key: string): void {
    const entry = this.#entries.get(key)
    if (!entry) return
    this.#entries.delete(key)
    this.#weight -= entry.weight
  }
}

/** How `work` ended, or undefined if it has not ended within `limit` ms. */
async function waitAtMost<T>(
  work: Promise<T>,
  limit: number,
): Promise<LookupResult<T> | undefined> {
  let timer: number | undefined
  const timeout = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, limit)
  })
  const outcome = work.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  )
  try {
    return await Promise.race([outcome, timeout])
  } finally {
    clearTimeout(timer)
  }
}
