/**
 * Lets writes that come close together begin in one turn of the event loop. Whatever is stored in one turn is one
 * commit of the database, and waits for the disk once. Each write is as much on its own as before: what one of them
 * throws does not concern the others, and none is answered before the disk has it.
 *
 * A write that comes alone waits for nothing.
 */
export class SharedTurn {
  #next: Promise<void> | undefined
  /** Writes that began in the last turn, and when that was, in ms since the epoch. */
  #count = 0
  #at = 0

  /** Resolves in the turn in which a write may begin, at once unless others were just before it. */
  begin(): Promise<void> | undefined {
    const waiting = this.#next
    if (waiting) {
      this.#count++
      return waiting
    }
    const now = Date.now()
    // A client that waits for each answer comes some ms after the last one, and would only lose time by waiting for others.
    const isAlone = this.#count < 2 && now !== this.#at
    this.#count = 1
    this.#at = now
    if (isAlone) return undefined
    this.#next = scheduler.wait(0).then(() => {
      this.#next = undefined
      this.#at = Date.now()
    })
    return this.#next
  }
}
