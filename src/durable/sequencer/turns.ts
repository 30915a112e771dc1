/**
 * Hands out turns to whoever asks, one at a time, first come first served: so consumers with a long backlog share what
 * there is, and requests and live events come in between.
 */
export class Turns {
  #last: Promise<void> = Promise.resolve()

  /** Resolves in a turn of the event loop that nobody else gets. */
  next(): Promise<void> {
    this.#last = this.#last.then(() => scheduler.wait(0))
    return this.#last
  }
}
