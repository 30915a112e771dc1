/**
 * Hands out turns at a fixed rate to whoever asks, first come first served: so consumers with a long
 * backlog share what there is, live events and requests come in between, and the platform has time to put
 * on the wire what was sent.
 */
export class Throttle {
  readonly #rate: number
  readonly #now: () => number
  #next = 0

  /** `rate` in bytes per second. */
  constructor(rate: number, now: () => number = Date.now) {
    this.#rate = rate
    this.#now = now
  }

  /** Resolves when as much time has passed as `bytes` take, and at the earliest in the next turn. */
  async take(bytes: number): Promise<void> {
    const now = this.#now()
    this.#next = Math.max(this.#next, now) + (bytes / this.#rate) * 1000
    await scheduler.wait(this.#next - now)
  }
}
