import type { SourcedEvent } from '../../storage/sequencer/log.ts'

/** Bytes of events that are kept. */
const MAX_BYTES = 2 * 1024 * 1024

/** The last events of a log whose events are elsewhere. */
export class LogTail {
  /** All events after this number, and up to the other one, are here. */
  #from: number
  #to: number
  #events: SourcedEvent[] = []
  #bytes = 0

  /** @param head number of the last event that was there before */
  constructor(head: number) {
    this.#from = head
    this.#to = head
  }

  /** The next ones. @param after number of the last event that was there before */
  add(events: readonly SourcedEvent[], after: number): void {
    if (after !== this.#to) {
      this.#events = []
      this.#bytes = 0
      this.#from = after
    }
    this.#to = events.at(-1)?.event.seq ?? after
    for (const sourced of events) {
      this.#events.push(sourced)
      this.#bytes += sourced.event.frame.byteLength
    }
    let gone = 0
    while (this.#bytes > MAX_BYTES) {
      const sourced = this.#events[gone++]
      if (!sourced) break
      this.#bytes -= sourced.event.frame.byteLength
      this.#from = sourced.event.seq
    }
    if (gone > 0) this.#events.splice(0, gone)
  }

  /** From now on all of them are read from where they are. */
  forget(): void {
    this.#events = []
    this.#bytes = 0
    this.#from = this.#to
  }

  /** Events after `cursor`, as many as a page has; undefined: not all of them are here. */
  after(cursor: number, limit: number, bytes: number): SourcedEvent[] | undefined {
    if (cursor < this.#from) return undefined
    const first = this.#events.findIndex(({ event }) => event.seq > cursor)
    if (first < 0) return undefined
    const page: SourcedEvent[] = []
    let size = 0
    for (const sourced of this.#events.slice(first, first + limit)) {
      page.push(sourced)
      size += sourced.event.frame.byteLength
      if (size >= bytes) break
    }
    return page
  }
}
