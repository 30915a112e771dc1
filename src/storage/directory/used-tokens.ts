/** Service tokens that are good for one use and were used, until they would have expired anyway. */
export class UsedTokens {
  readonly #sql: SqlStorage
  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  /**
   * Uses a token up.
   *
   * @param hash SHA-256 of what was signed, in hex
   * @param expiresAt seconds since 1970
   * @returns false when it was used before
   */
  use(hash: string, expiresAt: number): boolean {
    this.#sql.exec('DELETE FROM used_service_token WHERE expires_at < ?', Date.now() / 1000 - 1)
    const { rowsWritten } = this.#sql.exec(
      'INSERT INTO used_service_token (hash, expires_at) VALUES (?, ?) ON CONFLICT DO NOTHING',
      hash,
      Math.ceil(expiresAt),
    )
    return rowsWritten > 0
  }
}
