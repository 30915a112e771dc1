import type { ShardEvents } from '../../contracts/log-shard.ts'
import { type LogLayout, placeOfNumber } from '../../kernel/log-shards.ts'
import type { HostObjects } from '../../services/objects/stubs.ts'
import type { Batch, Batches } from '../../storage/sequencer/batches.ts'
import type { EventLog, SequencedEvent, SourcedEvent } from '../../storage/sequencer/log.ts'
import type { LogReader } from '../../storage/sequencer/log-reader.ts'
import { renumber } from '../../storage/sequencer/renumber.ts'
import type { Retention } from '../../storage/sequencer/retention.ts'
import { inTime, SlowShardError } from '../sequencer/in-time.ts'
import { LogTail } from './log-tail.ts'
import { Places } from './places.ts'

/** ms before the next attempts to read from an object that has just ended, and that an object may take for a page. */
const RETRIES = [20, 200, 1_000]
const LONGEST = 5_000

/** Pages that are read at once, as each is in memory meanwhile. */
const AT_ONCE = 16

/** ms after which it is looked again whether there is an event, where those that were there are of a deleted account. */
const LOOK_AGAIN = 50

interface Parts {
  log: EventLog
  batches: Batches
  retention: Retention
  layouts(): readonly LogLayout[]
  objects: Pick<HostObjects, 'logShard'>
}

/** A part of the events of one object. */
interface Range {
  object: number
  after: number
  upTo: number
}

/**
 * The one order of the events of several objects: what the sequencer has kept itself before its log was divided, then batches
 * of others, each fetched from where it is. Objects that do not answer are waited for: nothing is skipped.
 */
export class MergedLog implements LogReader {
  readonly #parts: Parts
  /** What came last is read by whoever has just fallen behind. */
  readonly #tail: LogTail
  readonly #places = new Places(AT_ONCE)

  constructor(parts: Parts) {
    this.#parts = parts
    this.#tail = new LogTail(this.head)
  }

  get head(): number {
    const { log, batches } = this.#parts
    // A log without events says where it would begin now.
    const isOwn = log.lastEventAt !== undefined || batches.head === undefined
    return Math.max(isOwn ? log.head : 0, batches.head ?? 0)
  }

  get numbered(): number {
    const { log } = this.#parts
    return Math.max(this.head, log.lastEventAt === undefined ? 0 : log.numbered)
  }

  /** What this object keeps itself, until its log is divided. */
  settle(): boolean {
    return this.#parts.log.settle()
  }

  /** The number that the next event gets. */
  get next(): number {
    return Math.max(this.head, this.#parts.log.raisedTo) + 1
  }

  get lastEventAt(): number | undefined {
    const { log, batches } = this.#parts
    return batches.lastAt ?? log.lastEventAt
  }

  /** Events that have just got their numbers. @param after number of the last event that was there before */
  note(events: readonly SourcedEvent[], after: number): void {
    this.#tail.add(events, after)
    // Of whoever is deleted, events are removed from where they are.
    if (events.some(({ event }) => event.active === false)) this.#tail.forget()
  }

  countAfter(cursor: number): number {
    const { log, batches, retention } = this.#parts
    const from = Math.max(cursor, retention.prunedTo)
    return log.countAfter(from) + batches.countAfter(from)
  }

  /** The cursor after which there are so many events, or as many as are kept. Reads a row for each batch. */
  cursorBefore(count: number): number {
    const { log, batches, retention } = this.#parts
    const found = batches.cursorBefore(count, retention.prunedTo)
    if (found.missing === 0 || log.lastEventAt === undefined) return found.cursor
    // What this object has kept itself came first, and may have been removed all the same.
    const own = Math.max(log.cursorBefore(found.missing), retention.prunedTo)
    return log.countAfter(own) > 0 ? own : found.cursor
  }

  async sizeAfter(cursor: number): Promise<number | undefined> {
    const [event] = await this.after(cursor, 1, 0)
    return event?.frame.byteLength
  }

  async after(cursor: number, limit: number, bytes: number): Promise<SequencedEvent[]> {
    const sourced = await this.afterWithSources(cursor, limit, bytes)
    return sourced.map(({ event }) => event)
  }

  /** The same with whose event each is. */
  async afterWithSources(cursor: number, limit: number, bytes: number): Promise<SourcedEvent[]> {
    const { log, batches } = this.#parts
    if (cursor >= this.head) return []
    const last = this.#tail.after(cursor, limit, bytes)
    if (last) return last
    if (log.lastEventAt !== undefined && cursor < log.head) {
      const own = log.afterWithSources(cursor, limit, bytes)
      if (own.length > 0) return own
    }
    for (let from = cursor; from < this.head; ) {
      const some = batches.from(from, limit, bytes)
      const { events, upTo } = await this.#places.within(() =>
        this.#readAll(some, from, limit, bytes),
      )
      if (events.length > 0) return events
      // Removed while they were read: whoever reads looks at that itself.
      if (upTo <= from) break
      from = upTo
    }
    await scheduler.wait(LOOK_AGAIN)
    return []
  }

  async #readAll(
    some: readonly Batch[],
    cursor: number,
    limit: number,
    bytes: number,
  ): Promise<{ events: SourcedEvent[]; upTo: number }> {
    const answers = new Map<number, ShardEvents>()
    await Promise.all(
      rangesOf(some, cursor).map(async (range) => {
        answers.set(range.object, await this.#read(range, limit, bytes))
      }),
    )
    const events: SourcedEvent[] = []
    let upTo = cursor
    for (const batch of some) {
      const answer = answers.get(batch.object)
      const end = batch.local + batch.count - 1
      if (!answer || this.#isRemoved(answer, batch, upTo)) break
      for (const { did, event } of answer.events) {
        const { seq: local, frame } = event
        if (local < batch.local || local > end) continue
        const seq = batch.seq + local - batch.local
        if (seq <= cursor) continue
        events.push({ did, event: { seq, frame: renumber(frame, seq) } })
      }
      upTo = batch.seq + Math.min(end, answer.upTo) - batch.local
      // The rest of what this object has comes with the next page.
      if (answer.upTo < end) break
    }
    return { events, upTo }
  }

  /** Whether events of a batch behind `upTo` have been removed where they were. */
  #isRemoved({ prunedTo }: ShardEvents, batch: Batch, upTo: number): boolean {
    const last = batch.seq + Math.min(prunedTo, batch.local + batch.count - 1) - batch.local
    if (prunedTo < batch.local || last <= upTo) return false
    this.#parts.retention.forgetTo(last)
    return true
  }

  async #read({ object, after, upTo }: Range, limit: number, bytes: number): Promise<ShardEvents> {
    const { layouts, objects } = this.#parts
    const place = placeOfNumber(object, layouts())
    if (!place) return { events: [], upTo: after, prunedTo: upTo }
    for (let attempt = 0; ; attempt++) {
      try {
        return await inTime(objects.logShard(place).read(after, upTo, limit, bytes), LONGEST)
      } catch (error) {
        const pause = RETRIES[attempt]
        if (pause === undefined || error instanceof SlowShardError) throw error
        await scheduler.wait(pause)
      }
    }
  }
}

/** What to read of each object: its batches follow each other there. */
function rangesOf(some: readonly Batch[], cursor: number): Range[] {
  const ranges = new Map<number, Range>()
  for (const { object, seq, local, count } of some) {
    const upTo = local + count - 1
    const known = ranges.get(object)
    if (known) known.upTo = upTo
    else ranges.set(object, { object, after: local - 1 + Math.max(cursor - seq + 1, 0), upTo })
  }
  return [...ranges.values()]
}
