/** Too much is waiting already. */
export class TooManyWaitingError extends Error {
  override name = 'TooManyWaitingError'
}

/** Lets a few do costly work at once, and some wait for their turn, first come first served. */
export class Turns {
  readonly #atOnce: number
  readonly #maxWaiting: number
  readonly #waiting: (() => void)[] = []
  #working = 0

  constructor({ atOnce, waiting }: { atOnce: number; waiting: number }) {
    this.#atOnce = atOnce
    this.#maxWaiting = waiting
  }

  /** @throws TooManyWaitingError at once, instead of waiting long */
  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#working < this.#atOnce) this.#working++
    else if (this.#waiting.length >= this.#maxWaiting) {
      throw new TooManyWaitingError('too many are waiting for their turn')
    } else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    try {
      return await work()
    } finally {
      // Whoever is next takes over the turn.
      const next = this.#waiting.shift()
      if (next) next()
      else this.#working--
    }
  }
}
