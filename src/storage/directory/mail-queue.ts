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

export class MailQueue {
  readonly #sql: SqlStorage
  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  add({ id, recipient, kind, sealed, expiresAt }: QueuedMail): void {
    this.#sql.exec(
      `INSERT INTO mail (id, recipient, kind, sealed, expires_at, due_at, attempts)
         VALUES (?, ?, ?, ?, ?, ?, 0)`,
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

  /** It was not sent, and will not be: what it said is forgotten. */
  fail(id: string, error: string): void {
    this.#sql.exec(
      `UPDATE mail SET due_at = NULL, sealed = x'', attempts = attempts + 1, error = ?, expires_at = ? WHERE id = ?`,
      error,
      Date.now() + KEEP_FAILED,
      id,
    )
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
        'SELECT error FROM mail WHERE error IS NOT NULL ORDER BY expires_at DESC LIMIT 1',
      )
      .toArray()
    return { waiting, failed, lastError: last?.error }
  }

  /**
   * Forgets what was given up a while ago, and what waits long after its time, as nothing sends it any more.
   *
   * @param now ms since the epoch
   */
  prune(now: number): void {
    this.#sql.exec(
      'DELETE FROM mail WHERE expires_at < ?1 AND (due_at IS NULL OR expires_at < ?2)',
      now,
      now - KEEP_OVERDUE,
    )
  }
}
