import type { OutboxEvent } from '../account/events.ts'
import { insertRows } from '../sql.ts'
import { toFrame } from './frame.ts'
import { schedulePurge } from './retention.ts'
import type { SourceState, Sources } from './sources.ts'

/** A number that the network may have seen, from before a restore. */
const RAISED = 'raised to'

/** One event of the host, as it goes over the wire. */
export interface SequencedEvent {
  seq: number
  /** The event stream frame: two DAG-CBOR objects. */
  frame: Uint8Array
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
    this.#head = Math.max(newest?.seq ?? first - 1, storage.kv.get<number>(RAISED) ?? 0)
    // Events of before totals were stored are as large as the database.
    this.#total = newest ? (newest.total ?? sql.databaseSize) : 0
    this.#lastEventAt = newest?.time
  }

  /** The number of the newest event; before the first, the one before that. */
  get head(): number {
    return this.#head
  }

  /** The next event gets a number above this one, if it would not anyway. */
  raiseTo(seq: number): void {
    if (!Number.isSafeInteger(seq) || seq <= this.#head) return
    this.#storage.kv.put(RAISED, seq)
    this.#head = seq
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
    const first = this.#head + 1
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
    this.#head += sequenced.length
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
    const page: SequencedEvent[] = []
    let size = 0
    const rows = this.#sql.exec<{ seq: number; frame: ArrayBuffer }>(
      'SELECT seq, frame FROM event WHERE seq > ? ORDER BY seq LIMIT ?',
      cursor,
      limit,
    )
    for (const { seq, frame } of rows) {
      page.push({ seq, frame: new Uint8Array(frame) })
      size += frame.byteLength
      if (size >= bytes) break
    }
    return page
  }
}

const EVENT = 'INSERT INTO event (seq, did, number, time, frame, total)'
const EVENT_AND_STATE =
  'INSERT INTO last_event_of (seq, did, number, time, frame, total, head, rev, status)'
