/** What may be shown once only: ids of client assertions, of proofs at the token endpoint, code challenges. */
export class Replays {
  readonly #sql: SqlStorage
  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  /** Whether `key` is shown for the first time within so many ms. */
  isFirst(key: string, window: number): boolean {
    const now = Date.now()
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
