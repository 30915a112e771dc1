import { TooManyWaitingError } from './too-many-waiting.ts'

/** Between two looks of one that waits, in ms. */
const POLL = 20

/** A place in the queue whose owner has not looked for this time is passed over, and after `GONE` is free: in ms. */
const LATE = 500
const GONE = 5_000

export interface LeaseLimits {
  /** How many work at once. */
  atOnce: number
  /** How many may wait. */
  waiting: number
  /** After which time a lease ends whose holder has not given it back, in ms: more than the work ever takes. */
  deadline: number
}

/**
 * Lets a few objects of an isolate do costly work at once, and some wait, first come first served.
 *
 * What objects share here is plain data. A promise of one object that another one resolves would be lost when either
 * is reset, and the turn with it: so who waits looks again and again, and who is gone loses its place by the clock.
 */
export class Leases {
  readonly #limits: LeaseLimits
  readonly #wait: (ms: number) => Promise<unknown>
  /** When each lease ends, in ms since 1970. */
  readonly #held = new Map<symbol, number>()
  /** When each that waits has last looked, in the order they came. */
  readonly #waiting = new Map<symbol, number>()

  /** @param wait resolves after some ms, in the context of whoever calls `take` */
  constructor(limits: LeaseLimits, wait = (ms: number): Promise<unknown> => scheduler.wait(ms)) {
    this.#limits = limits
    this.#wait = wait
  }

  /** @throws TooManyWaitingError at once, instead of waiting long */
  async take<T>(work: () => Promise<T>): Promise<T> {
    const id = Symbol('lease')
    try {
      while (!this.#acquire(id)) await this.#wait(POLL)
      return await work()
    } finally {
      this.#waiting.delete(id)
      this.#held.delete(id)
    }
  }

  #acquire(id: symbol): boolean {
    const now = Date.now()
    removeWhere(this.#held, (until) => until <= now)
    removeWhere(this.#waiting, (seen) => seen <= now - GONE)
    const free = this.#limits.atOnce - this.#held.size
    if (free > 0 && this.#inFrontOf(id, now) < free) {
      this.#waiting.delete(id)
      this.#held.set(id, now + this.#limits.deadline)
      return true
    }
    if (!this.#waiting.has(id) && this.#waiting.size >= this.#limits.waiting) {
      throw new TooManyWaitingError('too many are waiting for their turn')
    }
    this.#waiting.set(id, now)
    return false
  }

  /** How many wait that came before, and have looked lately. */
  #inFrontOf(id: symbol, now: number): number {
    let count = 0
    for (const [other, seen] of this.#waiting) {
      if (other === id) break
      if (seen > now - LATE) count++
    }
    return count
  }
}

function removeWhere(map: Map<symbol, number>, isOver: (time: number) => boolean): void {
  for (const [id, time] of map) if (isOver(time)) map.delete(id)
}
