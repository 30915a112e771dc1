import type { EventKind, OutboxEvent, UnnumberedEvent } from './events.ts'

type Row = { id: number; kind: EventKind; body: ArrayBuffer; seq_at: number }

/** Bytes of waiting events kept in memory; beyond that they are read from the store again. */
const MAX_REMEMBERED = 1024 * 1024

/**
 * Delivered events are removed after so many deliveries, which saves a statement each time. Delivered
 * again after a crash, they are dropped by the sequencer.
 */
const CONFIRM_BATCH = 32

/** Events that the sequencer may not have yet, written in the transaction of their cause. */
export class Outbox {
  readonly #sql: SqlStorage
  /** Everything that is waiting; undefined: look in the store. */
  #queue: OutboxEvent[] | undefined
  /** Newest event that was delivered, and how many delivered ones the store still has. */
  #confirmed = 0
  #delivered = 0

  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  /** To be called in the transaction of what the event tells. */
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

  /** The oldest waiting events, at least one if there is any, otherwise at most `bytes` of bodies. */
  peek(bytes: number): OutboxEvent[] {
    if (this.#queue) return this.#queue
    const page = this.#read(bytes)
    if (page.length === 0) this.#queue = []
    return page
  }

  /** Forgets the events up to and including `id`, which the sequencer has stored. */
  confirm(id: number): void {
    this.#queue = this.#queue?.filter((event) => event.id > id)
    this.#confirmed = id
    this.#delivered++
    if (this.#delivered >= CONFIRM_BATCH) this.settle()
  }

  /** Removes the rows of delivered events. */
  settle(): void {
    if (this.#delivered === 0) return
    this.#sql.exec('DELETE FROM outbox WHERE id <= ?', this.#confirmed)
    this.#delivered = 0
  }

  isEmpty(): boolean {
    return this.#sql.exec('SELECT 1 FROM outbox LIMIT 1').toArray().length === 0
  }

  /** Forgets what is in memory, after a transaction was rolled back. */
  forget(): void {
    this.#queue = undefined
  }

  #read(bytes: number): OutboxEvent[] {
    const events: OutboxEvent[] = []
    let size = 0
    const rows = this.#sql.exec<Row>(
      'SELECT id, kind, body, seq_at FROM outbox WHERE id > ? ORDER BY id',
      this.#confirmed,
    )
    for (const { id, kind, body, seq_at } of rows) {
      size += body.byteLength
      if (events.length > 0 && size > bytes) break
      events.push({ id, kind, body: new Uint8Array(body), seqAt: seq_at })
    }
    return events
  }
}
