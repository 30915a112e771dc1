import type { EventKind, OutboxEvent } from './events.ts'

type Row = { id: number; kind: EventKind; body: ArrayBuffer }

/** Events that the sequencer has not confirmed yet, written in the transaction of their cause. */
export class Outbox {
  readonly #sql: SqlStorage
  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  add(event: OutboxEvent): void {
    this.#sql.exec(
      'INSERT INTO outbox (id, kind, body) VALUES (?, ?, ?)',
      event.id,
      event.kind,
      event.body,
    )
  }

  /** The oldest events, at least one if there is any, otherwise at most `bytes` of bodies. */
  peek(bytes: number): OutboxEvent[] {
    const events: OutboxEvent[] = []
    let size = 0
    for (const row of this.#sql.exec<Row>('SELECT id, kind, body FROM outbox ORDER BY id')) {
      size += row.body.byteLength
      if (events.length > 0 && size > bytes) break
      events.push({ ...row, body: new Uint8Array(row.body) })
    }
    return events
  }

  /** Forgets the events up to and including `id`, which the sequencer has stored. */
  confirm(id: number): void {
    this.#sql.exec('DELETE FROM outbox WHERE id <= ?', id)
  }

  isEmpty(): boolean {
    return this.#sql.exec('SELECT 1 FROM outbox LIMIT 1').toArray().length === 0
  }
}
