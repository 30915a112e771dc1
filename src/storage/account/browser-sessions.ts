/** Sessions of browsers on the account page: a row for each browser that is signed in there. */

/** A session ends after so much time without a request, in ms. */
export const IDLE_TIMEOUT = 30 * 60 * 1000
/** A session ends after so much time in any case, in ms. */
export const MAX_LIFETIME = 12 * 60 * 60 * 1000

/** `seen_at` is updated at most once in this time, in ms, so that most requests write no row. */
const PRECISION = 60 * 1000

type Row = { opened_at: number; seen_at: number }

export class BrowserSessions {
  readonly #sql: SqlStorage
  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  /** @param hash of the session token in the cookie */
  open(hash: string): void {
    const now = Date.now()
    this.#sql.exec(
      'DELETE FROM browser_session WHERE seen_at <= ? OR opened_at <= ?',
      now - IDLE_TIMEOUT,
      now - MAX_LIFETIME,
    )
    this.#sql.exec(
      'INSERT INTO browser_session (hash, opened_at, seen_at) VALUES (?, ?, ?)',
      hash,
      now,
      now,
    )
  }

  /** Whether the session is valid; restarts its idle timeout. */
  touch(hash: string): boolean {
    const now = Date.now()
    const row = this.#sql
      .exec<Row>('SELECT opened_at, seen_at FROM browser_session WHERE hash = ?', hash)
      .toArray()[0]
    if (!row || row.seen_at <= now - IDLE_TIMEOUT || row.opened_at <= now - MAX_LIFETIME) {
      return false
    }
    if (row.seen_at < now - PRECISION) {
      this.#sql.exec('UPDATE browser_session SET seen_at = ? WHERE hash = ?', now, hash)
    }
    return true
  }

  close(hash: string): void {
    this.#sql.exec('DELETE FROM browser_session WHERE hash = ?', hash)
  }

  /** @param keep hash of the one that stays open */
  closeAll(keep = ''): void {
    this.#sql.exec('DELETE FROM browser_session WHERE hash <> ?', keep)
  }
}
