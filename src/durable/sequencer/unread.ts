/**
 * Bytes that were sent to consumers and are not known to be read. The platform queues without limit what a
 * consumer does not read, and does not say how much that is: there is no `bufferedAmount`, and `send` neither
 * blocks nor throws. Only the end of a connection tells: a consumer that answers the close frame has read all that
 * came before it. So everything sent on a connection counts until it has ended, for all consumers together.
 */
export class UnreadBytes {
  readonly #limit: number
  #bytes = 0
  #waiting: Waiting[] = []

  /** `limit` in bytes. */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** Bytes that may be in memory for consumers. */
  get limit(): number {
    return this.#limit
  }

  /** Whether there is room for so many bytes, and nobody waits for it. */
  has(bytes: number): boolean {
    return this.#waiting.length === 0 && this.#fits(bytes)
  }

  /**
   * Takes room for so many bytes, if there is any and nobody waits for it. What is larger than the limit gets room
   * when there is nothing else.
   */
  take(bytes: number): boolean {
    if (!this.has(bytes)) return false
    this.#bytes += bytes
    return true
  }

  /** Counts bytes that were sent before the object slept. */
  add(bytes: number): void {
    this.#bytes += bytes
  }

  /** Gives back bytes whose connection has ended, or that were not sent. */
  giveBack(bytes: number): void {
    this.#bytes -= bytes
    for (let next = this.#waiting[0]; next && this.#fits(next.bytes); next = this.#waiting[0]) {
      this.#waiting.shift()
      this.#bytes += next.bytes
      next.resolve(true)
    }
  }

  /**
   * Takes room as soon as there is some; false: there was none for `timeout` ms. Who `isNew`, and so has nothing
   * unread, comes before those who have.
   */
  async waitFor(bytes: number, isNew: boolean, timeout: number): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const waiting: Waiting = { bytes, isNew, resolve }
    const at = isNew ? this.#waiting.findIndex((other) => !other.isNew) : -1
    this.#waiting.splice(at < 0 ? this.#waiting.length : at, 0, waiting)
    const timer = setTimeout(() => {
      this.#waiting = this.#waiting.filter((other) => other !== waiting)
      resolve(false)
    }, timeout)
    const isTaken = await promise
    clearTimeout(timer)
    return isTaken
  }

  #fits(bytes: number): boolean {
    return this.#bytes === 0 || this.#bytes + bytes <= this.#limit
  }
}

interface Waiting {
  bytes: number
  isNew: boolean
  resolve(isTaken: boolean): void
}
