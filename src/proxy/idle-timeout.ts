/**
 * Aborts its signal when nothing has happened for too long. Progress is only noted, not every time a timer
 * set anew, because it comes with every piece of a stream. So is a longer limit: timers are dear, and most requests
 * need no second one.
 */
export class IdleTimeout {
  readonly #controller = new AbortController()
  #limit: number
  #since = Date.now()
  /** When the timer fires, in ms since 1970. */
  #firesAt = 0
  #timer: ReturnType<typeof setTimeout> | undefined

  /** @param limit ms without progress */
  constructor(limit: number) {
    this.#limit = limit
    this.#wait(limit)
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  get isOver(): boolean {
    return this.signal.aborted
  }

  /** Something has happened. */
  progress(): void {
    this.#since = Date.now()
  }

  /** Another limit from now on, in ms. */
  restart(limit: number): void {
    this.progress()
    this.#limit = limit
    if (this.#firesAt <= this.#since + limit) return
    this.stop()
    this.#wait(limit)
  }

  /** Nothing more is waited for. */
  stop(): void {
    clearTimeout(this.#timer)
  }

  #wait(ms: number): void {
    this.#firesAt = Date.now() + ms
    this.#timer = setTimeout(() => {
      // A clock that was put back says nothing: it is waited for once more.
      if (Date.now() < this.#since) this.progress()
      const left = this.#since + this.#limit - Date.now()
      if (left > 0) this.#wait(left)
      else this.#controller.abort(new Error(`nothing came for ${this.#limit} ms`))
    }, ms)
  }
}
