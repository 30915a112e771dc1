import type { EventKind, OutboxEvent, UnnumberedEvent } from './events.ts'

type Row = { id: number; kind: EventKind; body: ArrayBuffer; seq_at: number }

/** Bytes of undelivered events cached in memory; beyond that they are read from the table again. */
const MAX_REMEMBERED = 1024 * 1024

/**
 * Delivered events are removed after so many deliveries, which saves a statement each time. After a crash
 * they are delivered again, and the sequencer drops the duplicates.
 */
const CONFIRM_BATCH = 32

/** Events to be delivered to the sequencer, written in the transaction of the change (transactional outbox). */
export class Outbox {
  readonly #sql: SqlStorage
  /** Cache of all undelivered events; undefined: read the table. */
  #queue: OutboxEvent[] | undefined
  /**
   * Undelivered events of commits that are in the journal: newer than all in the table; undefined: they were not made
   * again yet.
   */
  #journaled: OutboxEvent[] | undefined
  /** Newest delivered event, and deliveries whose rows are still in the table. */
  #confirmed = 0
  #delivered = 0

  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  /** To be called in the transaction of the change that causes the event. */
  add(id: number, event: UnnumberedEvent): void {
    this.#sql.exec(
      'INSERT INTO outbox (id, kind, body, seq_at) VALUES (?, ?, ?, ?)',
      id,
      event.kind,
      event.body,
      event.seqAt,
    )
    if (!this.#queue) return
    this.#queue.push({ id, ...event })
    const bytes = this.#queue.reduce((sum, { body }) => sum + body.byteLength, 0)
    if (bytes > MAX_REMEMBERED) this.#queue = undefined
  }

  /** Takes the event of a commit that was journaled in the same transaction. */
  remember(event: OutboxEvent): void {
    this.#journaled ??= []
    this.#journaled.push(event)
  }

  /** Takes the events of all commits in the journal; those that were delivered before do not count. */
  setJournaled(events: readonly OutboxEvent[]): void {
    this.#journaled = events.filter(({ id }) => id > this.#confirmed)
  }

  /** Whether events of journaled commits are not delivered yet. */
  get hasJournaled(): boolean {
    return this.#journaled === undefined || this.#journaled.length > 0
  }

  /** Writes the undelivered events of journaled commits, in the transaction that takes those out of the journal. */
  storeJournaled(): void {
    const events = this.#journaled ?? []
    this.#journaled = []
    for (const { id, ...event } of events) this.add(id, event)
  }

  /**
   * The oldest undelivered events after `sent`, which are under way: at most `bytes` of bodies, but at least one event if there
   * is any. To be called when the commits of the journal are in memory (`Repo.load`).
   */
  peek(bytes: number, sent = 0): OutboxEvent[] {
    const isNew = ({ id }: OutboxEvent) => id > sent
    const stored = this.#queue?.filter(isNew) ?? this.#read(bytes, Math.max(sent, this.#confirmed))
    if (stored.length > 0) return stored
    if (!this.#queue && sent <= this.#confirmed) this.#queue = []
    return (this.#journaled ?? []).filter(isNew)
  }

  /** The number of the newest undelivered event; undefined: there is none. */
  newest(): number | undefined {
    const known = this.#journaled?.at(-1) ?? this.#queue?.at(-1)
    if (known) return known.id
    const { id } = this.#sql
      .exec<{ id: number | null }>('SELECT max(id) AS id FROM outbox WHERE id > ?', this.#confirmed)
      .one()
    return id ?? undefined
  }

  /** Acknowledges the events up to and including `id`, which the sequencer has stored. */
  confirm(id: number): void {
    if (id <= this.#confirmed) return
    this.#confirmed = id
    const isLeft = (event: OutboxEvent) => event.id > id
    this.#journaled = this.#journaled?.filter(isLeft)
    // Rows of the table are older than what is in the journal.
    if (this.#queue?.every(isLeft)) return
    this.#queue = this.#queue?.filter(isLeft)
    this.#delivered++
    if (this.#delivered >= CONFIRM_BATCH) this.removeDelivered()
  }

  /** Removes the rows of delivered events. */
  removeDelivered(): void {
    if (this.#delivered === 0) return
    this.#sql.exec('DELETE FROM outbox WHERE id <= ?', this.#confirmed)
    this.#delivered = 0
  }

  /** Whether there are rows of delivered events. */
  get hasDelivered(): boolean {
    return this.#delivered > 0
  }

  isEmpty(): boolean {
    if (this.#journaled && this.#journaled.length > 0) return false
    const journal = this.#journaled ? '' : 'UNION ALL SELECT 1 FROM journal'
    return this.#sql.exec(`SELECT 1 FROM outbox ${journal} LIMIT 1`).toArray().length === 0
  }

  /** Drops the cache, after a rollback. */
  clearCache(): void {
    this.#queue = undefined
    this.#journaled = undefined
  }

  #read(bytes: number, after: number): OutboxEvent[] {
    const events: OutboxEvent[] = []
    let size = 0
    const rows = this.#sql.exec<Row>(
      'SELECT id, kind, body, seq_at FROM outbox WHERE id > ? ORDER BY id',
      after,
    )
    for (const { id, kind, body, seq_at } of rows) {
      size += body.byteLength
      if (events.length > 0 && size > bytes) break
      events.push({ id, kind, body: new Uint8Array(body), seqAt: seq_at })
    }
    return events
  }
}
