import { LIMIT } from '../sql.ts'

/** Batches after which it is noted how far each object was read: so many rows are read when the object begins anew. */
const NOTE_EVERY = 1_000

/** Some events that one object has handed over, as the sequencer keeps them: where they are, and which numbers they have. */
export interface Batch {
  /** Number of the first. */
  seq: number
  /** `numberOfPlace` of the object that has them. */
  object: number
  /** The object's own number of the first. The others follow, and so do their numbers. */
  local: number
  count: number
  /** Of their frames. */
  bytes: number
  /** When they came, in ms since the epoch. */
  time: number
}

type Row = Batch & Record<string, SqlStorageValue>
type Counted = Row & { events: number }

/** With how many events there were up to the end of a batch, counted from the number of the first of all. */
const COUNTED =
  'SELECT seq, object, local, count, bytes, time, coalesce(events, seq + count - 1) AS events FROM log_batch'

/** The order of the events that other objects have: one row for each batch. */
export class Batches {
  readonly #storage: DurableObjectStorage
  readonly #sql: SqlStorage
  /** The last event that was taken from each object, by its own number. */
  readonly #taken = new Map<number, number>()
  #newest: Batch | undefined
  /** Up to the end of the newest. */
  #events: number
  #unnoted = 0

  constructor(storage: DurableObjectStorage, sql: SqlStorage = storage.sql) {
    this.#storage = storage
    this.#sql = sql
    const [newest] = sql.exec<Counted>(`${COUNTED} ORDER BY seq DESC LIMIT 1`).toArray()
    this.#newest = newest
    this.#events = newest?.events ?? 0
    let noted = 0
    for (const { object, taken, seq } of sql.exec<{ object: number; taken: number; seq: number }>(
      'SELECT object, taken, seq FROM log_position',
    )) {
      this.#taken.set(object, taken)
      noted = Math.max(noted, seq)
    }
    for (const { object, local, count } of sql.exec<Row>(
      'SELECT * FROM log_batch WHERE seq > ? ORDER BY seq',
      noted,
    )) {
      this.#taken.set(object, local + count - 1)
      this.#unnoted++
    }
  }

  /** The number of the newest event; undefined: there never was one. */
  get head(): number | undefined {
    return this.#newest && this.#newest.seq + this.#newest.count - 1
  }

  /** The number of the oldest event that there may be; undefined: there never was one. */
  get first(): number | undefined {
    const { seq } = this.#sql
      .exec<{ seq: number | null }>('SELECT min(seq) AS seq FROM log_batch')
      .one()
    return seq ?? undefined
  }

  /** When it came, in ms since the epoch. */
  get lastAt(): number | undefined {
    return this.#newest?.time
  }

  /** The last event that was taken from an object, by its own number; undefined: none was. */
  takenOf(object: number): number | undefined {
    return this.#taken.get(object)
  }

  /** Stores the next one: a row. */
  add(batch: Batch): void {
    const events = this.#newest ? this.#events + batch.count : batch.seq + batch.count - 1
    const insert = () =>
      this.#sql.exec(
        `INSERT INTO log_batch (seq, object, local, count, bytes, time, events)
         VALUES (?, ?, ?, ?, ?, ?, ?)`,
        ...[batch.seq, batch.object, batch.local, batch.count, batch.bytes, batch.time, events],
      )
    const taken = batch.local + batch.count - 1
    if (this.#unnoted + 1 < NOTE_EVERY) insert()
    else {
      this.#storage.transactionSync(() => {
        this.#note()
        insert()
      })
    }
    this.#newest = batch
    this.#events = events
    this.#taken.set(batch.object, taken)
    this.#unnoted++
  }

  /** How many events there are after `cursor`, of those that are kept. Reads a row or two. */
  countAfter(cursor: number): number {
    const [row] = this.#sql
      .exec<Counted>(
        `${COUNTED}
         WHERE seq >= coalesce((SELECT seq FROM log_batch WHERE seq <= ? ORDER BY seq DESC LIMIT 1), 0)
         ORDER BY seq LIMIT 1`,
        cursor,
      )
      .toArray()
    if (!row) return 0
    const { seq, count } = row
    return this.#events - row.events + Math.min(count, Math.max(seq + count - 1 - cursor, 0))
  }

  /**
   * The cursor after which there are so many events, of those after `oldest`. Reads a row for each batch.
   *
   * @returns also how many there are fewer
   */
  cursorBefore(count: number, oldest: number): { cursor: number; missing: number } {
    let [cursor, missing] = [this.head ?? oldest, count]
    if (missing <= 0) return { cursor, missing: 0 }
    for (const batch of this.#sql.exec<Row>(
      'SELECT * FROM log_batch WHERE seq + count - 1 > ? ORDER BY seq DESC',
      oldest,
    )) {
      const last = batch.seq + batch.count - 1
      cursor = Math.max(batch.seq - 1, last - missing, oldest)
      missing -= last - cursor
      if (missing <= 0) break
    }
    return { cursor, missing }
  }

  /** Those with events after `cursor`, oldest first: the first, and more as long as all have at most so many events and bytes. */
  from(cursor: number, limit: number, bytes: number): Batch[] {
    const found: Batch[] = []
    let [events, size] = [0, 0]
    const rows = this.#sql.exec<Row>(
      `SELECT * FROM log_batch
       WHERE seq >= coalesce((SELECT seq FROM log_batch WHERE seq <= ? ORDER BY seq DESC LIMIT 1), 0)
       ORDER BY seq ${LIMIT}`,
      cursor + 1,
      limit + 1,
    )
    for (const batch of rows) {
      if (batch.seq + batch.count - 1 <= cursor) continue
      events += batch.count
      size += batch.bytes
      if (found.length > 0 && (events > limit || size > bytes)) break
      found.push(batch)
    }
    return found
  }

  /** The oldest, but for the newest of all, which keeps the count. */
  oldest(limit: number): Batch[] {
    return this.#sql
      .exec<Row>(
        'SELECT * FROM log_batch WHERE seq < (SELECT max(seq) FROM log_batch) ORDER BY seq LIMIT ?',
        limit,
      )
      .toArray()
  }

  /** Removes those that begin with numbers up to this one. */
  removeTo(seq: number): void {
    this.#storage.transactionSync(() => {
      this.#note()
      this.#sql.exec('DELETE FROM log_batch WHERE seq <= ?', seq)
    })
  }

  /** How far each object was read is known without the rows from now on. */
  #note(): void {
    const seq = this.head ?? 0
    for (const [object, taken] of this.#taken) {
      this.#sql.exec(
        'INSERT OR REPLACE INTO log_position (object, taken, seq) VALUES (?, ?, ?)',
        ...[object, taken, seq],
      )
    }
    this.#unnoted = 0
  }
}
