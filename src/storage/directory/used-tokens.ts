/** Replay protection for single-use service tokens: those that were used, until they expire. */
export class UsedTokens {
  readonly #sql: SqlStorage
  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  /**
   * Consumes a token.
   *
   * @param hash SHA-256 of what was signed, in hex
   * @param expiresAt seconds since 1970
   * @returns false when it was used before
   */
  use(hash: string, expiresAt: number): boolean {
    const { rowsWritten } = this.#sql.exec(
      'INSERT INTO used_service_token (hash, expires_at) VALUES (?, ?) ON CONFLICT DO NOTHING',
      hash,
      Math.ceil(expiresAt),
    )
    return rowsWritten > 0
  }

  /** Makes a token that was used good for another use. */
  giveBack(hash: string): void {
    this.#sql.exec('DELETE FROM used_service_token WHERE hash = ?', hash)
  }

  /** Removes tokens that have expired. @param now ms since the epoch */
  prune(now: number): void {
    this.#sql.exec('DELETE FROM used_service_token WHERE expires_at < ?', now / 1000 - 1)
  }
}
