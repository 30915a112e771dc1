/** Sessions of browsers on the account pages: a row for each browser that is signed in there. */

/** A session ends after so much time without a request, in ms. */
export const IDLE_TIMEOUT = 30 * 60 * 1000
/** A session ends after so much time in any case, in ms. */
export const MAX_LIFETIME = 12 * 60 * 60 * 1000
/** For so long after credentials were shown, dangerous steps ask for none, in ms. */
export const FRESH_TIME = 15 * 60 * 1000

/** `seen_at` is updated at most once in this time, in ms, so that most requests write no row. */
const PRECISION = 60 * 1000

/** Characters that are kept of what a browser calls itself. */
const MAX_USER_AGENT = 300

type Row = {
  hash: string
  opened_at: number
  seen_at: number
  confirmed_at: number
  factor_at: number | null
  device: string | null
  user_agent: string | null
}

/** A session that is open. Times in ms since 1970. */
export interface OpenBrowserSession {
  /** When credentials were last shown. */
  confirmedAt: number
  /** When a passkey, an authenticator app or a recovery code was last shown; null: never. */
  factorAt: number | null
}

/** How a session is opened. */
export interface NewBrowserSession {
  browser?: SessionBrowser | undefined
  /** Whether a passkey, an authenticator app or a recovery code was shown. */
  factor: boolean
  /** When credentials were shown, in ms since 1970; now, unless given. */
  confirmedAt?: number | undefined
}

/** Which browser a session is of. */
export interface SessionBrowser {
  /** Id of the device as which the OAuth provider knows it, where it stays signed in. */
  device?: string | undefined
  userAgent?: string | null | undefined
}

/** A session, as its owner sees it. Times in ms since 1970. */
export interface BrowserSessionRow {
  hash: string
  openedAt: number
  seenAt: number
  device: string | null
  userAgent: string | null
}

export class BrowserSessions {
  readonly #sql: SqlStorage
  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  /** @param hash of the session token in the cookie */
  open(hash: string, { browser, factor, confirmedAt }: NewBrowserSession): void {
    const now = Date.now()
    this.#sql.exec(
      'DELETE FROM browser_session WHERE seen_at <= ? OR opened_at <= ?',
      now - IDLE_TIMEOUT,
      now - MAX_LIFETIME,
    )
    this.#sql.exec(
      `INSERT INTO browser_session
         (hash, opened_at, seen_at, confirmed_at, factor_at, device, user_agent)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
      hash,
      now,
      now,
      confirmedAt ?? now,
      factor ? now : null,
      browser?.device ?? null,
      browser?.userAgent?.slice(0, MAX_USER_AGENT) ?? null,
    )
  }

  /** The session, if it is valid; restarts its idle timeout. */
  touch(hash: string): OpenBrowserSession | undefined {
    const now = Date.now()
    const row = this.#sql
      .exec<Row>('SELECT * FROM browser_session WHERE hash = ?', hash)
      .toArray()[0]
    if (!row || row.seen_at <= now - IDLE_TIMEOUT || row.opened_at <= now - MAX_LIFETIME) {
      return undefined
    }
    if (row.seen_at < now - PRECISION) {
      this.#sql.exec('UPDATE browser_session SET seen_at = ? WHERE hash = ?', now, hash)
    }
    return { confirmedAt: row.confirmed_at, factorAt: row.factor_at }
  }

  /** A passkey or a second factor was shown in it. */
  noteFactor(hash: string): void {
    this.#sql.exec('UPDATE browser_session SET factor_at = ? WHERE hash = ?', Date.now(), hash)
  }

  /** Credentials were shown just now. */
  confirm(hash: string): void {
    this.#sql.exec('UPDATE browser_session SET confirmed_at = ? WHERE hash = ?', Date.now(), hash)
  }

  /** Those that are valid, the one used last first. */
  list(): BrowserSessionRow[] {
    const now = Date.now()
    return this.#sql
      .exec<Row>(
        'SELECT * FROM browser_session WHERE seen_at > ? AND opened_at > ? ORDER BY seen_at DESC',
        now - IDLE_TIMEOUT,
        now - MAX_LIFETIME,
      )
      .toArray()
      .map(({ hash, opened_at, seen_at, device, user_agent }) => ({
        hash,
        openedAt: opened_at,
        seenAt: seen_at,
        device,
        userAgent: user_agent,
      }))
  }

  bindDevice(hash: string, device: string): void {
    this.#sql.exec('UPDATE browser_session SET device = ? WHERE hash = ?', device, hash)
  }

  /** The device of a session, if it is there and has one. */
  deviceOf(hash: string): string | undefined {
    const sql = 'SELECT device FROM browser_session WHERE hash = ?'
    return this.#sql.exec<Pick<Row, 'device'>>(sql, hash).toArray()[0]?.device ?? undefined
  }

  close(hash: string): void {
    this.#sql.exec('DELETE FROM browser_session WHERE hash = ?', hash)
  }

  closeOfDevice(device: string): void {
    this.#sql.exec('DELETE FROM browser_session WHERE device = ?', device)
  }

  /** @param keep hash of the one that stays open */
  closeAll(keep = ''): void {
    this.#sql.exec('DELETE FROM browser_session WHERE hash <> ?', keep)
  }
}
