import type { OutboxEvent } from '../account/events.ts'
import { insertRows } from '../sql.ts'
import { toFrame } from './frame.ts'
import { schedulePurge } from './retention.ts'
import type { SourceState, Sources } from './sources.ts'

/** One event of the host, as it goes over the wire. */
export interface SequencedEvent {
  seq: number
  /** The event stream frame: two DAG-CBOR objects. */
  frame: Uint8Array
  /** Whether its account may be seen, where somebody had to ask another object for that. */
  active?: boolean
}

/** An event, and whose it is. */
export interface SourcedEvent {
  did: string
  event: SequencedEvent
}

/**
 * The one order of all events of this host. `seq` only grows and never comes back, also when old events are
 * removed.
 */
export class EventLog {
  readonly #storage: DurableObjectStorage
  readonly #sql: SqlStorage
  readonly #sources: Sources
  #head: number
  /** The next event has a higher number. */
  #raisedTo: number
  #total: number
  #lastEventAt: number | undefined

  /**
   * @param first number of the first event of all
   * @param sql the database of `storage`, wrapped where its rows are counted
   */
  constructor(
    storage: DurableObjectStorage,
    sources: Sources,
    first: number,
    sql: SqlStorage = storage.sql,
  ) {
    this.#storage = storage
    this.#sources = sources
    this.#sql = sql
    // The newest row is never removed, so the newest number is always there once one was.
    const newest = sql
      .exec<{ seq: number; time: number; total: number | null }>(
        'SELECT seq, time, total FROM event ORDER BY seq DESC LIMIT 1',
      )
      .toArray()[0]
    this.#raisedTo = sql
      .exec<{ raised_to: number }>('SELECT raised_to FROM horizon')
      .one().raised_to
    this.#head = newest?.seq ?? Math.max(first - 1, this.#raisedTo)
    // Events of before totals were stored are as large as the database.
    this.#total = newest ? (newest.total ?? sql.databaseSize) : 0
    this.#lastEventAt = newest?.time
  }

  /** The number of the newest event; before the first, the one before that. */
  get head(): number {
    return this.#head
  }

  /**
   * The next event gets a higher number than this one: what relays know of this host may be in its future, after a
   * restore. Does nothing where numbers are higher already.
   *
   * @param isFirst whether there was no event yet, also none that other objects have
   */
  raise(above: number, isFirst = this.#lastEventAt === undefined): void {
    if (above <= Math.max(this.#head, this.#raisedTo)) return
    this.#sql.exec('UPDATE horizon SET raised_to = ?', above)
    this.#raisedTo = above
    if (isFirst) this.#head = above
  }

  /** The next event gets a higher number than this one, too. */
  get raisedTo(): number {
    return this.#raisedTo
  }

  /** The cursor after which there are so many events, or as many as are kept. */
  cursorBefore(count: number): number {
    const [oldest] = this.#sql
      .exec<{ seq: number | null }>(
        'SELECT min(seq) AS seq FROM (SELECT seq FROM event ORDER BY seq DESC LIMIT ?)',
        count,
      )
      .toArray()
    return oldest?.seq == null ? this.#head : oldest.seq - 1
  }

  /** Events from after `cursor`, or from the oldest that is kept, to the newest. */
  countAfter(cursor: number): number {
    const oldest = this.#sql.exec<{ seq: number }>('SELECT min(seq) AS seq FROM event').one().seq
    return this.#head - Math.max(cursor, (oldest ?? this.#head + 1) - 1)
  }

  /** Bytes of all frames that were ever stored. */
  get total(): number {
    return this.#total
  }

  /** When the newest event was stored, in ms since the epoch. */
  get lastEventAt(): number | undefined {
    return this.#lastEventAt
  }

  /**
   * Numbers and stores those events of one account that are not stored yet, all or none of them, and the
   * state of the account. One row written for each event, and one for the account.
   */
  append(did: string, events: readonly OutboxEvent[], state: SourceState): SequencedEvent[] {
    const last = this.#sources.lastEvent(did)
    const fresh = events.filter(({ id }) => last === undefined || id > last)
    const newest = fresh.at(-1)
    if (!newest) return []
    const first = Math.max(this.#head, this.#raisedTo) + 1
    const sequenced = fresh.map((event, index): SequencedEvent => {
      const seq = first + index
      return { seq, frame: toFrame(event, seq) }
    })
    const time = Date.now()
    let total = this.#total
    const rows = sequenced.map(({ seq, frame }, i) => {
      total += frame.byteLength
      return [seq, did, fresh[i]?.id ?? 0, time, frame, total]
    })
    const insert = () => {
      insertRows(this.#sql, EVENT, rows.slice(0, -1))
      const lastRow = rows.slice(-1).map((row) => [...row, state.head, state.rev, state.status])
      insertRows(this.#sql, EVENT_AND_STATE, lastRow)
      if (state.status !== 'deleted') return
      const farewell = fresh.findLastIndex(({ kind }) => kind === '#account')
      if (farewell >= 0) schedulePurge(this.#sql, did, first + farewell)
    }
    // A single row, and what the trigger does with it, is one statement and needs no transaction.
    if (rows.length === 1 && state.status !== 'deleted') insert()
    else this.#storage.transactionSync(insert)
    this.#head = first + sequenced.length - 1
    this.#total = total
    this.#lastEventAt = time
    this.#sources.cacheLastEvent(did, newest.id)
    return sequenced
  }

  /** Bytes of the first event after `cursor`; undefined: there is none. */
  sizeAfter(cursor: number): number | undefined {
    return this.#sql
      .exec<{ size: number }>(
        'SELECT length(frame) AS size FROM event WHERE seq > ? ORDER BY seq LIMIT 1',
        cursor,
      )
      .toArray()[0]?.size
  }

  /** Events after `cursor`, oldest first: at most `limit`, and no more when they come to `bytes`. */
  after(cursor: number, limit: number, bytes: number): SequencedEvent[] {
    return this.afterWithSources(cursor, limit, bytes).map(({ event }) => event)
  }

  /** The same with whose event each is. */
  afterWithSources(cursor: number, limit: number, bytes: number): SourcedEvent[] {
    const page: SourcedEvent[] = []
    let size = 0
    const rows = this.#sql.exec<{ seq: number; did: string; frame: ArrayBuffer }>(
      'SELECT seq, did, frame FROM event WHERE seq > ? ORDER BY seq LIMIT ?',
      cursor,
      limit,
    )
    for (const { seq, did, frame } of rows) {
      page.push({ did, event: { seq, frame: new Uint8Array(frame) } })
      size += frame.byteLength
      if (size >= bytes) break
    }
    return page
  }
}

const EVENT = 'INSERT INTO event (seq, did, number, time, frame, total)'
const EVENT_AND_STATE =
  'INSERT INTO last_event_of (seq, did, number, time, frame, total, head, rev, status)'
