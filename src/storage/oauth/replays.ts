/** Rows that have expired are removed so many at a time, with each look. */
const REMOVED_AT_ONCE = 20

/** Replay protection for `jti`s of client assertions, of DPoP proofs at the token endpoint, and code challenges. */
export class Replays {
  readonly #sql: SqlStorage
  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  /** Whether `key` was not seen within the last `window` ms. */
  isFirst(key: string, window: number): boolean {
    const now = Date.now()
    this.#sql.exec(
      'DELETE FROM replay WHERE key IN (SELECT key FROM replay WHERE expires_at <= ? LIMIT ?)',
      now,
      REMOVED_AT_ONCE,
    )
    const { rowsWritten } = this.#sql.exec(
      `INSERT INTO replay (key, expires_at) VALUES (?, ?)
       ON CONFLICT (key) DO UPDATE SET expires_at = excluded.expires_at WHERE expires_at <= ?`,
      key,
      now + window,
      now,
    )
    return rowsWritten > 0
  }

  prune(now: number): void {
    this.#sql.exec('DELETE FROM replay WHERE expires_at <= ?', now)
  }
}
