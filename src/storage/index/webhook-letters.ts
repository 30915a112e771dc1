import type { LoggedChange } from './feed.ts'

/** A write that a webhook is told of. */
export interface WebhookWrite {
  /** What names it: the number of its event, and its place in that. At each attempt the same, and no other's. */
  key: string
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

/** Given up writes that are kept for each webhook, and bytes of their records; of those that wait as well. */
const MAX_LETTERS = 1_000
const MAX_BYTES = 16 * 1024 * 1024

/** Writes of one account that wait for its first one to be taken. */
const MAX_WAITING = 200

/** A write that was refused, or that waits behind one of its account. */
export interface RefusedWrite {
  write: WebhookWrite
  /** Times that it was refused. */
  attempts: number
  /** What was answered; empty: it was not sent yet. */
  error: string
  /** When it is sent again, in ms since the epoch. */
  dueAt: number
}

/** The first write of an account that waits. */
export interface WaitingWrite extends Omit<RefusedWrite, 'dueAt' | 'error'> {
  id: number
}

/** How much waits for one webhook, and what the first answer was. */
export interface WaitingCounts {
  waiting: number
  error: string | undefined
  dueAt: number | undefined
}

/**
 * Writes that webhooks refused. They wait, and what their accounts write behind them, until they are taken or were refused too
 * often; then they are given up, and kept.
 */
export class WebhookLetters {
  readonly #sql: SqlStorage

  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  /** In a transaction of the caller's. The oldest are given up where there are too many. */
  hold(webhook: number, { write, attempts, error, dueAt }: RefusedWrite, now: number): void {
    this.#insert(webhook, write, { attempts, error, dueAt, now })
    const tooMany = this.#sql.exec<{ id: number }>(
      `SELECT id FROM (
         SELECT id, row_number() OVER (PARTITION BY did ORDER BY id DESC) AS n,
           row_number() OVER newest AS n_of_all, sum(ifnull(length(block), 0)) OVER newest AS bytes
         FROM webhook_letter WHERE webhook = ?1 AND due_at IS NOT NULL
         WINDOW newest AS (ORDER BY id DESC)
       ) WHERE n > ?2 OR n_of_all > ?3 OR bytes > ?4`,
      ...[webhook, MAX_WAITING, MAX_LETTERS, MAX_BYTES],
    )
    for (const { id } of tooMany.toArray()) this.giveUp(id, 'Too much waits behind it', now)
  }

  /** In a transaction of the caller's. The oldest go where there are too many. */
  add(webhook: number, write: WebhookWrite, error: string, now: number): void {
    this.#insert(webhook, write, { attempts: 1, error, dueAt: null, now })
    this.#trim(webhook)
  }

  /** One that waits is not tried any more. */
  giveUp(id: number, error: string, now: number): void {
    const [row] = this.#sql
      .exec<{ webhook: number }>(
        `UPDATE webhook_letter SET due_at = NULL, failed_at = ?, error = iif(error = '', ?, error)
         WHERE id = ? RETURNING webhook`,
        ...[now, error, id],
      )
      .toArray()
    if (row) this.#trim(row.webhook)
  }

  /** One that waits was refused once more. @param dueAt ms since the epoch */
  again(id: number, error: string, dueAt: number): void {
    this.#sql.exec(
      'UPDATE webhook_letter SET attempts = attempts + 1, error = ?, due_at = ? WHERE id = ?',
      ...[error, dueAt, id],
    )
  }

  /** Whether something of an account waits: what comes after it does so, too. */
  waits(webhook: number, did: string): boolean {
    const rows = this.#sql.exec(
      'SELECT 1 FROM webhook_letter WHERE webhook = ? AND did = ? AND due_at IS NOT NULL LIMIT 1',
      ...[webhook, did],
    )
    return rows.toArray().length > 0
  }

  /** The first of each account, of those that are due. */
  due(webhook: number, now: number, limit: number): WaitingWrite[] {
    return this.#sql
      .exec<{ id: number; attempts: number }>(
        `SELECT min(id) AS id, attempts, due_at FROM webhook_letter
         WHERE webhook = ? AND due_at IS NOT NULL GROUP BY did HAVING due_at <= ?
         ORDER BY due_at, id LIMIT ?`,
        ...[webhook, now, limit],
      )
      .toArray()
      .flatMap(({ id, attempts }) => {
        const found = this.find(id)
        return found ? { id, attempts, write: found.write } : []
      })
  }

  /** Reads a row for each that waits. */
  waiting(webhook: number): WaitingCounts {
    const [first] = this.#sql
      .exec<{ error: string; due_at: number }>(
        `SELECT min(id) AS id, error, due_at FROM webhook_letter
         WHERE webhook = ? AND due_at IS NOT NULL GROUP BY did ORDER BY due_at LIMIT 1`,
        webhook,
      )
      .toArray()
    if (!first) return { waiting: 0, error: undefined, dueAt: undefined }
    const { n } = this.#sql
      .exec<{ n: number }>(
        'SELECT count(*) AS n FROM webhook_letter WHERE webhook = ? AND due_at IS NOT NULL',
        webhook,
      )
      .one()
    return { waiting: n, error: first.error, dueAt: first.due_at }
  }

  /** The newest first, from before one of them. */
  list(limit: number, before = Number.MAX_SAFE_INTEGER): WebhookLetter[] {
    return this.#sql
      .exec<Omit<WebhookLetter, 'failedAt'> & { failed_at: number }>(
        `SELECT id, webhook, did, collection, rkey, action, rev, error, failed_at
         FROM webhook_letter WHERE id < ? AND due_at IS NULL ORDER BY id DESC LIMIT ?`,
        ...[before, limit],
      )
      .toArray()
      .map(({ failed_at: failedAt, ...letter }) => ({ ...letter, failedAt }))
  }

  /** Numbers of the oldest. */
  oldest(limit: number): number[] {
    return this.#sql
      .exec<{ id: number }>(
        'SELECT id FROM webhook_letter WHERE due_at IS NULL ORDER BY id LIMIT ?',
        limit,
      )
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
        `SELECT webhook, key, did, rev, time, seq, collection, rkey, action, cid, block
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
        `SELECT count(*) AS n FROM webhook_letter
         WHERE due_at IS NULL AND (?1 IS NULL OR webhook = ?1)`,
        webhook ?? null,
      )
      .one().n
  }

  /** @param id undefined: all that were given up @returns how many there were */
  drop(id?: number): number {
    const rows =
      id === undefined
        ? this.#sql.exec('DELETE FROM webhook_letter WHERE due_at IS NULL RETURNING 1')
        : this.#sql.exec('DELETE FROM webhook_letter WHERE id = ? RETURNING 1', id)
    return rows.toArray().length
  }

  /** Those of an account that is gone. */
  forget(did: string): void {
    this.#sql.exec('DELETE FROM webhook_letter WHERE did = ?', did)
  }

  #insert(
    webhook: number,
    write: WebhookWrite,
    how: { attempts: number; error: string; dueAt: number | null; now: number },
  ): void {
    const { key, did, rev, time, seq, collection, rkey, action, cid, block } = write
    this.#sql.exec(
      `INSERT INTO webhook_letter (webhook, key, did, rev, time, seq, collection, rkey, action, cid,
         block, error, failed_at, attempts, due_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ...[webhook, key, did, rev, time, seq, collection, rkey, action, cid, block],
      ...[how.error, how.now, how.attempts, how.dueAt],
    )
  }

  #trim(webhook: number): void {
    this.#sql.exec(
      `DELETE FROM webhook_letter WHERE id IN (
         SELECT id FROM (
           SELECT id, row_number() OVER newest AS n, sum(ifnull(length(block), 0)) OVER newest AS bytes
           FROM webhook_letter WHERE webhook = ?1 AND due_at IS NULL
           WINDOW newest AS (ORDER BY id DESC)
         ) WHERE n > ?2 OR (bytes > ?3 AND n > 1)
       )`,
      ...[webhook, MAX_LETTERS, MAX_BYTES],
    )
  }
}

const bytes = (buffer: ArrayBuffer | null): Uint8Array | null => buffer && new Uint8Array(buffer)
