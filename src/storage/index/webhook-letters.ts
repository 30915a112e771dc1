import type { LoggedChange } from './feed.ts'

/** A write that a webhook is told of. */
export interface WebhookWrite {
  did: string
  rev: string
  /** When it was written, ISO 8601, as the event says. */
  time: string
  /** Number of its event. */
  seq: number
  collection: string
  rkey: string
  action: LoggedChange['action']
  cid: Uint8Array | null
  /** DAG-CBOR; null for a deletion. */
  block: Uint8Array | null
}

/** One that was given up, as it is listed. */
export interface WebhookLetter {
  id: number
  webhook: number
  did: string
  collection: string
  rkey: string
  action: LoggedChange['action']
  rev: string
  error: string
  /** ms since the epoch */
  failedAt: number
}

/** Given up writes that are kept for each webhook, and bytes of their records. */
const MAX_LETTERS = 1_000
const MAX_BYTES = 16 * 1024 * 1024

/** Writes that webhooks refused too often. */
export class WebhookLetters {
  readonly #sql: SqlStorage

  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  /** In a transaction of the caller's. The oldest go where there are too many. */
  add(webhook: number, write: WebhookWrite, error: string, now: number): void {
    const { did, rev, time, seq, collection, rkey, action, cid, block } = write
    this.#sql.exec(
      `INSERT INTO webhook_letter
         (webhook, did, rev, time, seq, collection, rkey, action, cid, block, error, failed_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ...[webhook, did, rev, time, seq, collection, rkey, action, cid, block, error, now],
    )
    this.#sql.exec(
      `DELETE FROM webhook_letter WHERE id IN (
         SELECT id FROM (
           SELECT id, row_number() OVER newest AS n, sum(ifnull(length(block), 0)) OVER newest AS bytes
           FROM webhook_letter WHERE webhook = ?1 WINDOW newest AS (ORDER BY id DESC)
         ) WHERE n > ?2 OR (bytes > ?3 AND n > 1)
       )`,
      ...[webhook, MAX_LETTERS, MAX_BYTES],
    )
  }

  /** The newest first, from before one of them. */
  list(limit: number, before = Number.MAX_SAFE_INTEGER): WebhookLetter[] {
    return this.#sql
      .exec<Omit<WebhookLetter, 'failedAt'> & { failed_at: number }>(
        `SELECT id, webhook, did, collection, rkey, action, rev, error, failed_at
         FROM webhook_letter WHERE id < ? ORDER BY id DESC LIMIT ?`,
        ...[before, limit],
      )
      .toArray()
      .map(({ failed_at: failedAt, ...letter }) => ({ ...letter, failedAt }))
  }

  /** Numbers of the oldest. */
  oldest(limit: number): number[] {
    return this.#sql
      .exec<{ id: number }>('SELECT id FROM webhook_letter ORDER BY id LIMIT ?', limit)
      .toArray()
      .map(({ id }) => id)
  }

  find(id: number): { webhook: number; write: WebhookWrite } | undefined {
    type Row = Omit<WebhookWrite, 'cid' | 'block'> & {
      webhook: number
      cid: ArrayBuffer | null
      block: ArrayBuffer | null
    }
    const [row] = this.#sql
      .exec<Row>(
        `SELECT webhook, did, rev, time, seq, collection, rkey, action, cid, block
         FROM webhook_letter WHERE id = ?`,
        id,
      )
      .toArray()
    if (!row) return undefined
    const { webhook, cid, block, ...rest } = row
    const write = { ...rest, cid: bytes(cid), block: bytes(block) }
    return { webhook, write }
  }

  count(webhook?: number): number {
    return this.#sql
      .exec<{ n: number }>(
        'SELECT count(*) AS n FROM webhook_letter WHERE ?1 IS NULL OR webhook = ?1',
        webhook ?? null,
      )
      .one().n
  }

  /** @param id undefined: all of them @returns how many there were */
  drop(id?: number): number {
    return this.#sql
      .exec('DELETE FROM webhook_letter WHERE ?1 IS NULL OR id = ?1 RETURNING 1', id ?? null)
      .toArray().length
  }

  /** Those of an account that is gone. */
  forget(did: string): void {
    this.#sql.exec('DELETE FROM webhook_letter WHERE did = ?', did)
  }
}

const bytes = (buffer: ArrayBuffer | null): Uint8Array | null => buffer && new Uint8Array(buffer)
