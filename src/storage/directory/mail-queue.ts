/** Mails that wait to be sent. Their text is encrypted: the tokens in them are good for as much as a password. */

/** A mail as it is queued. */
export interface QueuedMail {
  /** The same for each attempt. */
  id: string
  recipient: string
  /** What it is about, for the operator. */
  kind: string
  /** The mail, encrypted. */
  sealed: Uint8Array
  /** When it is worth nothing any more, in ms since the epoch. */
  expiresAt: number
}

/** One that is due. */
export interface DueMail extends QueuedMail {
  /** Attempts that failed. */
  attempts: number
}

/** One in a list for the operator: whom it is for and what became of it, and nothing of what it says. */
export interface MailState {
  id: string
  recipient: string
  kind: string
  state: 'waiting' | 'failed'
  /** Attempts that failed. */
  attempts: number
  /** Why the last one did. */
  error: string | null
  /** ms since the epoch; 0: before this was kept. */
  createdAt: number
  /** When it is tried again, or, for one that failed, until when it may be: ms since the epoch; null: not any more. */
  dueAt: number | null
}

/** How long what waits is kept after its time, in ms: the sender is to find it, and say that it was too late. */
const KEEP_OVERDUE = 24 * 60 * 60 * 1000

/** How long what was not sent is remembered, in ms. */
const KEEP_FAILED = 30 * 24 * 60 * 60 * 1000

type Row = {
  id: string
  recipient: string
  kind: string
  sealed: ArrayBuffer
  expires_at: number
  attempts: number
}

type StateRow = {
  error: string | null
  created_at: number
  due_at: number | null
  readable: number
}

export class MailQueue {
  readonly #sql: SqlStorage
  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  add({ id, recipient, kind, sealed, expiresAt }: QueuedMail): void {
    this.#sql.exec(
      `INSERT INTO mail (id, recipient, kind, sealed, expires_at, due_at, created_at, attempts)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, 0)`,
      id,
      recipient,
      kind,
      sealed,
      expiresAt,
      Date.now(),
    )
  }

  /** When the next one is due, in ms since the epoch; undefined: none waits. */
  nextDue(): number | undefined {
    const [row] = this.#sql
      .exec<{ due_at: number }>(
        'SELECT due_at FROM mail WHERE due_at IS NOT NULL ORDER BY due_at LIMIT 1',
      )
      .toArray()
    return row?.due_at
  }

  /** Those that are due, the oldest first. */
  due(now: number, limit: number): DueMail[] {
    return this.#sql
      .exec<Row>('SELECT * FROM mail WHERE due_at <= ? ORDER BY due_at, id LIMIT ?', now, limit)
      .toArray()
      .map(({ id, recipient, kind, sealed, expires_at, attempts }) => ({
        id,
        recipient,
        kind,
        sealed: new Uint8Array(sealed),
        expiresAt: expires_at,
        attempts,
      }))
  }

  /** An account with this address is gone. */
  forgetRecipient(address: string): void {
    this.#sql.exec('DELETE FROM mail WHERE recipient = ?', address)
  }

  /** It was sent. */
  remove(id: string): void {
    this.#sql.exec('DELETE FROM mail WHERE id = ?', id)
  }

  /** It was not sent, and is tried again. @param dueAt ms since the epoch */
  postpone(id: string, dueAt: number, error: string): void {
    this.#sql.exec(
      'UPDATE mail SET due_at = ?, attempts = attempts + 1, error = ? WHERE id = ?',
      dueAt,
      error,
      id,
    )
  }

  /** It was not sent, and will not be by itself. What it said is kept while it may be tried again (`prune`). */
  fail(id: string, error: string): void {
    this.#sql.exec(
      `UPDATE mail SET due_at = NULL, failed_at = ?1, attempts = attempts + 1, error = ?2,
         sealed = CASE WHEN expires_at <= ?1 THEN x'' ELSE sealed END WHERE id = ?3`,
      Date.now(),
      error,
      id,
    )
  }

  /** One that failed is tried again. @returns false: there is no such mail, or its time is over */
  retry(id: string): boolean {
    const now = Date.now()
    const { rowsWritten } = this.#sql.exec(
      `UPDATE mail SET due_at = ?1, failed_at = NULL
         WHERE id = ?2 AND due_at IS NULL AND expires_at > ?1 AND length(sealed) > 0`,
      now,
      id,
    )
    return rowsWritten > 0
  }

  /** Those that wait or have failed, in order of their ids. @param cursor id of the last one before */
  list(limit: number, cursor = ''): MailState[] {
    const now = Date.now()
    return this.#sql
      .exec<Omit<Row, 'sealed'> & StateRow>(
        `SELECT id, recipient, kind, attempts, error, created_at, due_at, expires_at,
           length(sealed) > 0 AS readable FROM mail WHERE id > ? ORDER BY id LIMIT ?`,
        cursor,
        limit,
      )
      .toArray()
      .map(({ id, recipient, kind, attempts, error, ...row }) => {
        const mayRetry = row.readable === 1 && row.expires_at > now
        return {
          id,
          recipient,
          kind,
          state: row.due_at === null ? 'failed' : 'waiting',
          attempts,
          error,
          createdAt: row.created_at,
          dueAt: row.due_at ?? (mayRetry ? row.expires_at : null),
        }
      })
  }

  /** Texts that are kept, in order of their ids. */
  sealed(limit: number, after: string): { id: string; sealed: Uint8Array }[] {
    return this.#sql
      .exec<Pick<Row, 'id' | 'sealed'>>(
        'SELECT id, sealed FROM mail WHERE id > ? AND length(sealed) > 0 ORDER BY id LIMIT ?',
        after,
        limit,
      )
      .toArray()
      .map(({ id, sealed }) => ({ id, sealed: new Uint8Array(sealed) }))
  }

  /** The same text, encrypted anew. */
  rewrap(id: string, before: Uint8Array, sealed: Uint8Array): void {
    this.#sql.exec('UPDATE mail SET sealed = ? WHERE id = ? AND sealed = ?', sealed, id, before)
  }

  /** How many wait; reads no more than `limit` of them. */
  waiting(limit: number): number {
    return this.#sql
      .exec<{ waiting: number }>(
        'SELECT count(*) AS waiting FROM (SELECT 1 FROM mail WHERE due_at IS NOT NULL LIMIT ?)',
        limit,
      )
      .one().waiting
  }

  /** How many wait, and how many were given up lately. */
  counts(): { waiting: number; failed: number; lastError: string | undefined } {
    const { waiting, failed } = this.#sql
      .exec<{ waiting: number; failed: number }>(
        `SELECT count(due_at) AS waiting, count(*) - count(due_at) AS failed FROM mail`,
      )
      .one()
    const [last] = this.#sql
      .exec<{ error: string }>(
        `SELECT error FROM mail WHERE error IS NOT NULL
         ORDER BY coalesce(failed_at, due_at) DESC LIMIT 1`,
      )
      .toArray()
    return { waiting, failed, lastError: last?.error }
  }

  /**
   * Forgets what was given up a while ago, and what waits long after its time, as nothing sends it any more; of what
   * was given up and is worth nothing any more, what it said.
   *
   * @param now ms since the epoch
   */
  prune(now: number): void {
    this.#sql.exec(
      'DELETE FROM mail WHERE failed_at < ? OR (due_at IS NOT NULL AND expires_at < ?)',
      now - KEEP_FAILED,
      now - KEEP_OVERDUE,
    )
    this.#sql.exec(
      `UPDATE mail SET sealed = x'' WHERE due_at IS NULL AND expires_at < ? AND length(sealed) > 0`,
      now,
    )
  }
}
