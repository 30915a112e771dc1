/** There is no room to wait, or it took too long. */
export class QueueFullError extends Error {
  override name = 'QueueFullError'
}

export interface QueueLimits {
  /** How many are worked on at once. */
  atOnce: number
  /** How many may wait, of all keys together. */
  waiting: number
  /** For how long one may wait, in ms. */
  maxWait: number
}

interface Entry {
  begin(): void
  refuse(): void
}

/**
 * A queue that nobody can fill for others. Keys take turns, whatever each has waiting; and when there is no more room,
 * the newest of the key that has most waiting makes room for who has less.
 */
export class FairQueue {
  readonly #limits: QueueLimits
  /** What waits of each key, oldest first. The key whose turn it is comes first; none is empty. */
  readonly #waiting = new Map<string, Entry[]>()
  #working = 0

  constructor(limits: QueueLimits) {
    this.#limits = limits
  }

  /**
   * Does `work` when it is its turn.
   *
   * @param signal who waits for it is gone
   * @throws QueueFullError
   */
  async run<T>(key: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (this.#working >= this.#limits.atOnce) await this.#turn(key, signal)
    else this.#working++
    try {
      return await work()
    } finally {
      this.#working--
      this.#beginNext()
    }
  }

  /** Resolves when it is the turn of one of `key`, which then counts as being worked on. */
  #turn(key: string, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (then: () => void) => () => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', leave)
        then()
      }
      const entry: Entry = {
        begin: settle(resolve),
        refuse: settle(() => reject(new QueueFullError('too many are waiting'))),
      }
      const leave = () => {
        this.#remove(key, entry)
        entry.refuse()
      }
      const timer = setTimeout(leave, this.#limits.maxWait)
      signal?.addEventListener('abort', leave)
      if (signal?.aborted || !this.#makeRoom(key)) return entry.refuse()
      const own = this.#waiting.get(key)
      if (own) own.push(entry)
      else this.#waiting.set(key, [entry])
    })
  }

  /** Whether one more of `key` may wait. */
  #makeRoom(key: string): boolean {
    let size = 0
    let longest: [string, Entry[]] | undefined
    for (const [other, entries] of this.#waiting) {
      size += entries.length
      if (entries.length > (longest?.[1].length ?? 0)) longest = [other, entries]
    }
    if (size < this.#limits.waiting) return true
    const own = this.#waiting.get(key)?.length ?? 0
    // With as many as another it would only take that one's place.
    if (!longest || longest[1].length <= own + 1) return false
    const newest = longest[1].at(-1)
    if (newest) this.#remove(longest[0], newest)
    newest?.refuse()
    return true
  }

  #beginNext(): void {
    const [first] = this.#waiting
    if (!first) return
    const [key, entries] = first
    const entry = entries.shift()
    this.#waiting.delete(key)
    if (entries.length > 0) this.#waiting.set(key, entries)
    this.#working++
    entry?.begin()
  }

  #remove(key: string, entry: Entry): void {
    const entries = this.#waiting.get(key) ?? []
    const at = entries.indexOf(entry)
    if (at >= 0) entries.splice(at, 1)
    if (entries.length === 0) this.#waiting.delete(key)
  }
}
