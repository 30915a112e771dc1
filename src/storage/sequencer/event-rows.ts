import {
  type Entry,
  entriesOf,
  framesOf,
  type PackHead,
  pack,
  type SequencedEvent,
  type SourcedEvent,
} from './pack.ts'

/** Events, and bytes of frames, that are packed together; more than twice as much is in no row but for one large event. */
const EVENTS = 64
const BYTES = 256 * 1024

/** Events that come together and are packed once and for all: more would save little, and be written twice. */
const ENOUGH = 8

/** A row with its frames. */
export type Row = Pick<PackHead, 'seq' | 'did'> & {
  entries: ArrayBuffer | null
  frame: ArrayBuffer
}
type Head = Omit<PackHead, 'entries'> & { entries: ArrayBuffer | null }

/** A row at the end of the log that is to be packed with others. */
interface Loose {
  seq: number
  events: number
  /** Of the frames. */
  bytes: number
  /** As stored. */
  size: number
}

/** What was stored when a row had been written. */
export interface Totals {
  /** How many events, counted from the number of the first one. */
  events: number
  /** Bytes of all rows that were ever stored, as they are now. */
  bytes: number
}

const HEAD = 'SELECT seq, did, entries, length(frame) AS size'

/** The table `event`: rows of several events. */
export class EventRows {
  readonly #sql: SqlStorage
  #loose: readonly Loose[]

  constructor(sql: SqlStorage) {
    this.#sql = sql
    this.#loose = this.#findLoose()
  }

  /** Events after `cursor`, oldest first: at most `limit`, and no more when they come to `bytes`. Views of large buffers. */
  after(cursor: number, limit: number, bytes: number): SourcedEvent[] {
    const page: SourcedEvent[] = []
    let size = 0
    // As many rows as it takes: one of which events were removed may have none.
    const rows = this.#sql.exec<Row>(
      'SELECT seq, did, entries, frame FROM event WHERE seq > ? ORDER BY seq',
      cursor,
    )
    for (const row of rows) {
      for (const sourced of eventsOf(row)) {
        if (sourced.event.seq <= cursor) continue
        if (page.length === limit) return page
        page.push(sourced)
        size += sourced.event.frame.byteLength
        if (size >= bytes) return page
      }
    }
    return page
  }

  /** The first entry after `cursor`; undefined: there is none. Reads one row, unless events at its end were removed. */
  entryAfter(cursor: number): Entry | undefined {
    const rows = this.#sql.exec<Head>(`${HEAD} FROM event WHERE seq > ? ORDER BY seq`, cursor)
    for (const row of rows) {
      const next = entriesOf(row).find(({ seq }) => seq > cursor)
      if (next) return next
    }
    return undefined
  }

  /** The last `count` entries, newest first, or as many as there are. */
  newest(count: number): Entry[] {
    const found: Entry[] = []
    const rows = this.#sql.exec<Head>(`${HEAD} FROM event ORDER BY seq DESC LIMIT ?`, count)
    for (const row of rows) {
      found.push(...entriesOf(row).reverse())
      if (found.length >= count) break
    }
    return found.slice(0, count)
  }

  /**
   * Stores events, oldest first, which are behind all that are there; in the caller's transaction. Few make a row that is packed
   * with others as soon as these are enough.
   *
   * @param time ms since the epoch
   * @returns what is stored then, and what to call when the transaction has succeeded
   */
  add(events: readonly SourcedEvent[], time: number, before: Totals): [Totals, () => void] {
    let loose = this.#loose
    let now = before
    const flush = () => {
      const [waiting, sizes] = loose.length > 1 ? this.#take(loose) : [[], 0]
      now = { ...now, bytes: now.bytes - sizes }
      if (waiting.length > 0) now = this.#insert(waiting, time, now, true)
      loose = []
    }
    for (const part of parts(events)) {
      const bytes = part.reduce((sum, { event }) => sum + event.frame.byteLength, 0)
      // With others it might become larger than a row may be.
      if (bytes >= BYTES) flush()
      now = { ...now, events: now.events + part.length }
      if (bytes >= BYTES) {
        now = this.#insert(part, time, now, true)
        continue
      }
      const sum = (own: number, of: (row: Loose) => number) =>
        loose.reduce((all, row) => all + of(row), own)
      const isEnough =
        part.length >= ENOUGH ||
        sum(part.length, (row) => row.events) >= EVENTS ||
        sum(bytes, (row) => row.bytes) >= BYTES
      if (isEnough) {
        const [waiting, sizes] = this.#take(loose)
        const all = [...waiting, ...part]
        now = this.#insert(all, time, { ...now, bytes: now.bytes - sizes }, true)
        loose = []
      } else {
        const { bytes: stored } = now
        now = this.#insert(part, time, now, false)
        const seq = part.at(-1)?.event.seq ?? 0
        loose = [...loose, { seq, events: part.length, bytes, size: now.bytes - stored }]
      }
    }
    return [
      now,
      () => {
        this.#loose = loose
      },
    ]
  }

  /** Takes rows out that are to be packed with others: what they still have, and how many bytes they were. */
  #take(loose: readonly Loose[]): [SourcedEvent[], number] {
    const [first] = loose
    if (!first) return [[], 0]
    const events = this.#sql
      .exec<Row>(
        'SELECT seq, did, entries, frame FROM event WHERE seq >= ? ORDER BY seq',
        first.seq,
      )
      .toArray()
      .flatMap(eventsOf)
    this.#sql.exec('DELETE FROM event WHERE seq >= ?', first.seq)
    return [events, loose.reduce((sum, { size }) => sum + size, 0)]
  }

  /**
   * @param before with the count of events as it is after this
   * @param isWhole whether it is not to be packed again
   * @returns the same with the bytes of the row
   */
  #insert(events: readonly SourcedEvent[], time: number, before: Totals, isWhole: boolean): Totals {
    const seq = events.at(-1)?.event.seq ?? 0
    const packed = pack(events, seq, isWhole)
    const bytes = before.bytes + sizeOf(packed)
    this.#sql.exec(
      'INSERT INTO event (seq, did, number, time, frame, total, entries, events) VALUES (?, ?, 0, ?, ?, ?, ?, ?)',
      ...[seq, packed.did, time, packed.frame, bytes, packed.entries, before.events],
    )
    return { ...before, bytes }
  }

  #findLoose(): Loose[] {
    const found: Loose[] = []
    const rows = this.#sql.exec<Head>(`${HEAD} FROM event ORDER BY seq DESC LIMIT ${EVENTS}`)
    let [events, bytes] = [0, 0]
    for (const row of rows) {
      if (row.entries === null) break
      const entries = entriesOf(row)
      const own = entries.reduce((sum, { size }) => sum + size, 0)
      events += entries.length
      bytes += own
      if (entries.length >= ENOUGH || events >= EVENTS || bytes >= BYTES) break
      const size = row.size + row.entries.byteLength + row.did.length
      found.unshift({ seq: row.seq, events: entries.length, bytes: own, size })
    }
    return found
  }
}

/** How many events there are after `cursor`; what was purged in between counts. Reads two rows. */
export function countAfter(sql: SqlStorage, cursor: number): number {
  const [row] = sql
    .exec<Head & { events: number; newest: number }>(
      `${HEAD}, coalesce(events, seq) AS events,
         (SELECT coalesce(events, seq) FROM event ORDER BY seq DESC LIMIT 1) AS newest
       FROM event WHERE seq > ? ORDER BY seq LIMIT 1`,
      cursor,
    )
    .toArray()
  if (!row) return 0
  return row.newest - row.events + entriesOf(row).filter(({ seq }) => seq > cursor).length
}

/** The events of a row, which are views of one buffer. */
export function eventsOf({ seq, did, entries, frame }: Row): SourcedEvent[] {
  const found = entriesOf({ seq, did, entries, size: frame.byteLength })
  const frames = framesOf(frame, found)
  return found.map((entry, index) => {
    const event: SequencedEvent = { seq: entry.seq, frame: frames[index] ?? new Uint8Array() }
    return { did: entry.did, event }
  })
}

const sizeOf = ({ did, entries, frame }: ReturnType<typeof pack>): number =>
  did.length + entries.byteLength + frame.byteLength

/** In pieces that make a row each. */
function parts(events: readonly SourcedEvent[]): SourcedEvent[][] {
  const found: SourcedEvent[][] = []
  let last: SourcedEvent[] = []
  let bytes = 0
  for (const sourced of events) {
    const size = sourced.event.frame.byteLength
    if (last.length > 0 && (last.length >= EVENTS || bytes + size > BYTES)) {
      found.push(last)
      last = []
      bytes = 0
    }
    last.push(sourced)
    bytes += size
  }
  if (last.length > 0) found.push(last)
  return found
}
