/** Things that are good for one use within some minutes: each row is what is there, or what was used. */

/**
 * What a row is: a registration that was begun (`passkey`), a passkey's sign-in that was completed (`sign_in`), a
 * link to register a passkey with (`link`), or a password that was right and waits for its code (`password`).
 */
export type OneTimePurpose = 'passkey' | 'sign_in' | 'link' | 'password'

export class OneTime {
  readonly #sql: SqlStorage
  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  /** @param expiresAt ms since the epoch. @returns false when it is there already */
  add(purpose: OneTimePurpose, hash: string, expiresAt: number): boolean {
    this.#sql.exec('DELETE FROM one_time WHERE expires_at <= ?', Date.now())
    const { rowsWritten } = this.#sql.exec(
      'INSERT OR IGNORE INTO one_time (hash, purpose, expires_at) VALUES (?, ?, ?)',
      hash,
      purpose,
      expiresAt,
    )
    return rowsWritten > 0
  }

  has(purpose: OneTimePurpose, hash: string): boolean {
    return (
      this.#sql
        .exec(
          'SELECT 1 FROM one_time WHERE hash = ? AND purpose = ? AND expires_at > ?',
          hash,
          purpose,
          Date.now(),
        )
        .toArray().length > 0
    )
  }

  /** Uses it up. @returns false when it was not there */
  use(purpose: OneTimePurpose, hash: string): boolean {
    const isThere = this.has(purpose, hash)
    if (isThere) this.#sql.exec('DELETE FROM one_time WHERE hash = ?', hash)
    return isThere
  }

  /** Makes everything of one kind worthless. */
  forget(purpose: OneTimePurpose): void {
    this.#sql.exec('DELETE FROM one_time WHERE purpose = ?', purpose)
  }
}
