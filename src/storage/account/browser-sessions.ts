/** Sessions of browsers on the account page: a row for each browser that is signed in there. */

/** A session ends after so much time without a request, in ms. */
export const IDLE_TIMEOUT = 30 * 60 * 1000
/** A session ends after so much time in any case, in ms. */
export const MAX_LIFETIME = 12 * 60 * 60 * 1000

/** `seen_at` is updated at most once in this time, in ms, so that most requests write no row. */
const PRECISION = 60 * 1000

type Row = { opened_at: number; seen_at: number; factor_at: number | null }

/** A session that is open. */
export interface OpenBrowserSession {
  /** When a passkey, an authenticator app or a recovery code was last shown, in ms since 1970; null: never. */
  factorAt: number | null
}

export class BrowserSessions {
  readonly #sql: SqlStorage
  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  /**
   * @param hash of the session token in the cookie
   * @param factor whether a passkey, an authenticator app or a recovery code was shown
   */
  open(hash: string, factor: boolean): void {
    const now = Date.now()
    this.#sql.exec(
      'DELETE FROM browser_session WHERE seen_at <= ? OR opened_at <= ?',
      now - IDLE_TIMEOUT,
      now - MAX_LIFETIME,
    )
    this.#sql.exec(
      'INSERT INTO browser_session (hash, opened_at, seen_at, factor_at) VALUES (?, ?, ?, ?)',
      hash,
      now,
      now,
      factor ? now : null,
    )
  }

  /** The session, if it is valid; restarts its idle timeout. */
  touch(hash: string): OpenBrowserSession | undefined {
    const now = Date.now()
    const row = this.#sql
      .exec<Row>('SELECT opened_at, seen_at, factor_at FROM browser_session WHERE hash = ?', hash)
      .toArray()[0]
    if (!row || row.seen_at <= now - IDLE_TIMEOUT || row.opened_at <= now - MAX_LIFETIME) {
      return undefined
    }
    if (row.seen_at < now - PRECISION) {
      this.#sql.exec('UPDATE browser_session SET seen_at = ? WHERE hash = ?', now, hash)
    }
    return { factorAt: row.factor_at }
  }

  /** A passkey or a second factor was shown in it. */
  noteFactor(hash: string): void {
    this.#sql.exec('UPDATE browser_session SET factor_at = ? WHERE hash = ?', Date.now(), hash)
  }

  close(hash: string): void {
    this.#sql.exec('DELETE FROM browser_session WHERE hash = ?', hash)
  }

  /** @param keep hash of the one that stays open */
  closeAll(keep = ''): void {
    this.#sql.exec('DELETE FROM browser_session WHERE hash <> ?', keep)
  }
}
