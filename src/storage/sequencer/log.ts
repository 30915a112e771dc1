import type { OutboxEvent } from '../account/events.ts'
import { insertRows } from '../sql.ts'
import { countAfter, EventRows, type Totals } from './event-rows.ts'
import { toFrame } from './frame.ts'
import type { SequencedEvent, SourcedEvent } from './pack.ts'
import { schedulePurge } from './retention.ts'
import type { SourceState, Sources } from './sources.ts'

export type { SequencedEvent, SourcedEvent } from './pack.ts'

/**
 * The one order of all events of this host. `seq` only grows and never comes back, also when old events are
 * removed.
 */
export class EventLog {
  readonly #storage: DurableObjectStorage
  readonly #sql: SqlStorage
  readonly #sources: Sources
  readonly #rows: EventRows
  #head: number
  /** The next event has a higher number. */
  #raisedTo: number
  #totals: Totals
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
    this.#rows = new EventRows(sql)
    // The newest row is never removed, so the newest number is always there once one was.
    const newest = sql
      .exec<{ seq: number; time: number; total: number | null; events: number }>(
        'SELECT seq, time, total, coalesce(events, seq) AS events FROM event ORDER BY seq DESC LIMIT 1',
      )
      .toArray()[0]
    this.#raisedTo = sql
      .exec<{ raised_to: number }>('SELECT raised_to FROM horizon')
      .one().raised_to
    this.#head = newest?.seq ?? Math.max(first - 1, this.#raisedTo)
    // Events of before totals were stored are as large as the database.
    const bytes = newest ? (newest.total ?? sql.databaseSize) : 0
    this.#totals = { bytes, events: newest?.events ?? this.#head }
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
    const oldest = this.#rows.newest(count).at(-1)
    return oldest ? oldest.seq - 1 : this.#head
  }

  /** How many events there are after `cursor`; those that were removed in between count. */
  countAfter(cursor: number): number {
    return countAfter(this.#sql, cursor)
  }

  /** Bytes of all rows that were ever stored. */
  get total(): number {
    return this.#totals.bytes
  }

  /** When the newest event was stored, in ms since the epoch. */
  get lastEventAt(): number | undefined {
    return this.#lastEventAt
  }

  /**
   * Numbers and stores those events of one account that are not stored yet, all or none of them, and the
   * state of the account. A row written for them together, and one for the account.
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
    const [totals, commit] = this.#storage.transactionSync(() => {
      const sourced = sequenced.map((event): SourcedEvent => ({ did, event }))
      const stored = this.#rows.add(sourced, time, this.#totals)
      const { head, rev, status } = state
      const hour = Math.floor(time / 3_600_000)
      insertRows(this.#sql, SOURCE, [[did, newest.id, head, rev, status, hour]], SOURCE_CHANGES)
      if (status === 'deleted') {
        const farewell = fresh.findLastIndex(({ kind }) => kind === '#account')
        if (farewell >= 0) schedulePurge(this.#sql, did, first + farewell)
      }
      return stored
    })
    commit()
    this.#totals = totals
    this.#head = first + sequenced.length - 1
    this.#lastEventAt = time
    this.#sources.cacheLastEvent(did, newest.id)
    return sequenced
  }

  /** Bytes of the first event after `cursor`; undefined: there is none. */
  sizeAfter(cursor: number): number | undefined {
    return this.#rows.entriesAfter(cursor)[0]?.size
  }

  /** Events after `cursor`, oldest first: at most `limit`, and no more when they come to `bytes`. */
  after(cursor: number, limit: number, bytes: number): SequencedEvent[] {
    return this.#rows.after(cursor, limit, bytes).map(({ event }) => event)
  }

  /** The same with whose event each is. Frames are copies, so that an RPC message has nothing else. */
  afterWithSources(cursor: number, limit: number, bytes: number): SourcedEvent[] {
    return this.#rows
      .after(cursor, limit, bytes)
      .map(({ did, event: { seq, frame } }) => ({ did, event: { seq, frame: frame.slice() } }))
  }
}

const SOURCE = 'INSERT INTO source (did, last_event, head, rev, status, active_hour)'
const SOURCE_CHANGES = `ON CONFLICT (did) DO UPDATE SET
  last_event = excluded.last_event, head = excluded.head, rev = excluded.rev, status = excluded.status,
  active_hour = excluded.active_hour`
