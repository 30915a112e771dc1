import type { OutboxEvent } from '../account/events.ts'
import { insertRows } from '../sql.ts'
import { toFrame } from './frame.ts'

/** Accounts whose last event number is kept in memory. */
const MAX_REMEMBERED = 10_000

/** One event of the host, as it goes over the wire. */
export interface SequencedEvent {
  seq: number
  /** The event stream frame: two DAG-CBOR objects. */
  frame: Uint8Array
}

/**
 * The one order of all events of this host. `seq` starts at 1, grows by one and never comes back,
 * also when old events are removed.
 */
export class EventLog {
  readonly #storage: DurableObjectStorage
  readonly #sql: SqlStorage
  #head: number
  /** The last event numbers of accounts, as far as they were looked up. */
  readonly #last = new Map<string, number>()

  /** `sql` is the database of `storage`, if it is to be reached by another way. */
  constructor(storage: DurableObjectStorage, sql: SqlStorage = storage.sql) {
    this.#storage = storage
    this.#sql = sql
    // Rows are removed from the old end only, so the newest number is always there once one was.
    this.#head =
      sql.exec<{ seq: number | null }>('SELECT max(seq) AS seq FROM event').one().seq ?? 0
  }

  /** The number of the newest event; 0 before the first. */
  get head(): number {
    return this.#head
  }

  /**
   * Numbers and stores the events of one account that are not here yet, all or none of them. Two rows
   * written for each event: itself, and by a trigger what the account's last event was.
   */
  append(did: string, events: readonly OutboxEvent[]): SequencedEvent[] {
    const last = this.#lastEvent(did)
    const fresh = events.filter(({ id }) => last === undefined || id > last)
    const newest = fresh.at(-1)
    if (!newest) return []
    const first = this.#head + 1
    const sequenced = fresh.map((event, index): SequencedEvent => {
      const seq = first + index
      return { seq, frame: toFrame(event, seq) }
    })
    const time = Date.now()
    const rows = sequenced.map(({ seq, frame }, i) => [seq, did, fresh[i]?.id ?? 0, time, frame])
    const insert = () =>
      insertRows(this.#sql, 'INSERT INTO event (seq, did, number, time, frame)', rows)
    // A single row, and what the trigger does with it, is one statement and needs no transaction.
    if (rows.length === 1) insert()
    else this.#storage.transactionSync(insert)
    this.#head += sequenced.length
    this.#remember(did, newest.id)
    return sequenced
  }

  #lastEvent(did: string): number | undefined {
    const known = this.#last.get(did)
    if (known !== undefined) return known
    return this.#sql
      .exec<{ last_event: number }>('SELECT last_event FROM source WHERE did = ?', did)
      .toArray()[0]?.last_event
  }

  #remember(did: string, event: number): void {
    if (this.#last.size >= MAX_REMEMBERED) this.#last.clear()
    this.#last.set(did, event)
  }

  /** Events after `cursor`, oldest first, at most `limit` rows. */
  after(cursor: number, limit: number): SequencedEvent[] {
    return this.#sql
      .exec<{ seq: number; frame: ArrayBuffer }>(
        'SELECT seq, frame FROM event WHERE seq > ? ORDER BY seq LIMIT ?',
        cursor,
        limit,
      )
      .toArray()
      .map(({ seq, frame }) => ({ seq, frame: new Uint8Array(frame) }))
  }

  /** Number of the oldest event that is still here, or undefined when there is none. */
  oldest(): number | undefined {
    return (
      this.#sql.exec<{ seq: number | null }>('SELECT min(seq) AS seq FROM event').one().seq ??
      undefined
    )
  }

  /**
   * Removes events stored before `time` (ms since the epoch), except the newest event, which keeps
   * the count. Reads and writes one row per event removed.
   */
  prune(time: number): void {
    const keep = this.#sql
      .exec<{ seq: number | null }>(
        'SELECT seq FROM event WHERE time >= ? ORDER BY seq LIMIT 1',
        time,
      )
      .toArray()[0]?.seq
    this.#sql.exec('DELETE FROM event WHERE seq < ?', keep ?? this.#head)
  }
}
