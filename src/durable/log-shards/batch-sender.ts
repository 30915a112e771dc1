import type { ShardFacts } from '../../contracts/log-shard.ts'
import { type LogPlace, numberOfPlace } from '../../kernel/log-shards.ts'
import { msSince } from '../../kernel/ms-since.ts'
import type { LogFrontClient } from '../../services/objects/stubs.ts'
import type { EventLog, SequencedEvent, SourcedEvent } from '../../storage/sequencer/log.ts'
import type { Job } from '../scheduler.ts'
import { inTime } from '../sequencer/in-time.ts'

/** Events, and bytes of events, sent at once. */
const BATCH = 500
const BATCH_BYTES = 2 * 1024 * 1024

/** Bytes of events that wait in memory; what is more is read from the log again. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024

/** ms from one batch to the next, at least, and what comes on top for each object: they all send to one. */
const PAUSE = 5
const PAUSE_EACH = 1

/** ms before the next attempts. */
const RETRIES = [20, 200, 1_000]

interface Parts {
  log: EventLog
  /** What this object is; undefined: it hands nothing over. */
  place: LogPlace | undefined
  front(): LogFrontClient
  facts(): ShardFacts
}

/**
 * Hands the events of one object to the sequencer, in order, which knows itself how far it has them. The first goes at once;
 * what comes while it is under way goes together.
 */
export class BatchSender {
  readonly #parts: Parts
  /** Number of the last event that the sequencer has, as far as this life of the object knows. */
  #position: number | undefined
  /** The same, also while it is to be asked again; at first, of what came before this life nothing is known. */
  #lastKnown: number
  /** All events after `#waitsAfter`, as long as they are few; the newest may not be stored yet. */
  #waiting: SourcedEvent[] | undefined = []
  #waitingBytes = 0
  #waitsAfter: number
  #sentAt = 0
  #isSending: Promise<void> | undefined
  #told: { number: number; resolve: () => void }[] = []

  readonly job: Job = {
    name: 'hand events to the sequencer',
    // The network waits for them.
    maxBackoff: 30_000,
    due: () => (this.isBehind ? Date.now() : undefined),
    run: () => this.flush(),
  }

  constructor(parts: Parts) {
    this.#parts = parts
    this.#waitsAfter = parts.log.head
    this.#lastKnown = parts.log.head
  }

  /** Whether there may be events that the sequencer has not got. */
  get isBehind(): boolean {
    const { log, place } = this.#parts
    if (!place || log.lastEventAt === undefined) return false
    return this.#position === undefined || this.#position < log.head
  }

  /** How many events it has not got, as far as is known. */
  get waiting(): number {
    return this.#parts.place ? Math.max(0, this.#parts.log.head - this.#lastKnown) : 0
  }

  /** Events of one account that just got their numbers. They are handed over when they are stored. */
  add(did: string, events: readonly SequencedEvent[], active: boolean): void {
    if (!this.#waiting) return
    for (const event of events) {
      this.#waitingBytes += event.frame.byteLength
      this.#waiting.push({ did, event: { ...event, active } })
    }
    if (this.#waitingBytes > MAX_WAITING_BYTES) this.#waiting = undefined
  }

  /** To be called when events were not stored that were added. */
  forget(): void {
    this.#waiting = undefined
  }

  /** Resolves when the sequencer has the event with this number. */
  until(number: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    if (this.#position !== undefined && this.#position >= number) resolve()
    else this.#told.push({ number, resolve })
    return promise
  }

  /** Sends until the sequencer has all events. @throws when it does not take them */
  flush(): Promise<void> {
    this.#isSending ??= this.#sendAll().finally(() => {
      this.#isSending = undefined
    })
    return this.#isSending
  }

  async #sendAll(): Promise<void> {
    for (let attempt = 0; this.isBehind; ) {
      try {
        await this.#sendNext()
        attempt = 0
      } catch (error) {
        this.#position = undefined
        const pause = RETRIES[attempt++]
        if (pause === undefined) throw error
        await scheduler.wait(pause)
      }
    }
  }

  async #sendNext(): Promise<void> {
    const { log, place, front, facts } = this.#parts
    if (!place) return
    const object = numberOfPlace(place)
    if (this.#position === undefined) {
      // What was never sent is all there.
      const known = await inTime(front().position(object))
      return this.#stand(known ?? log.cursorBefore(Number.MAX_SAFE_INTEGER))
    }
    await this.#pause(place.layout.shards)
    const after = this.#position
    const events = this.#next(after)
    const upTo = events.at(-1)?.event.seq
    if (upTo === undefined) return this.#stand(log.head)
    const position = await inTime(front().take(object, after, { events, upTo }, facts()))
    this.#sentAt = Date.now()
    if (position === undefined) this.#position = undefined
    else this.#stand(position)
  }

  #next(after: number): SourcedEvent[] {
    const { log } = this.#parts
    if (!this.#waiting || this.#waitsAfter > after) {
      return log.afterWithSources(after, BATCH, BATCH_BYTES)
    }
    const next: SourcedEvent[] = []
    let bytes = 0
    for (const sourced of this.#waiting) {
      if (sourced.event.seq <= after) continue
      if (sourced.event.seq > log.head) break
      next.push(sourced)
      bytes += sourced.event.frame.byteLength
      if (next.length === BATCH || bytes >= BATCH_BYTES) break
    }
    return next
  }

  #stand(position: number): void {
    const { log } = this.#parts
    this.#position = position
    this.#lastKnown = position
    if (this.#waiting && position > this.#waitsAfter) {
      this.#waiting = this.#waiting.filter(({ event }) => event.seq > position)
      this.#waitsAfter = position
    } else if (!this.#waiting && position >= log.head) {
      // Of what was numbered meanwhile nobody knows here: it is read from the log.
      log.settle()
      this.#waiting = []
      this.#waitsAfter = log.head
    }
    this.#waitingBytes = bytesOf(this.#waiting ?? [])
    const reached = this.#told.filter(({ number }) => number <= position)
    if (reached.length === 0) return
    this.#told = this.#told.filter(({ number }) => number > position)
    for (const { resolve } of reached) resolve()
  }

  async #pause(shards: number): Promise<void> {
    const pause = PAUSE + PAUSE_EACH * shards - msSince(this.#sentAt)
    if (pause > 0) await scheduler.wait(pause)
  }
}

const bytesOf = (events: readonly SourcedEvent[]): number =>
  events.reduce((sum, { event }) => sum + event.frame.byteLength, 0)
