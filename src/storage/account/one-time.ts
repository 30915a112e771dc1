/** Single-use tokens and challenges that expire after some minutes. */

/**
 * What a row is: the challenge of a pending passkey registration (`passkey`), a challenge of a passkey sign-in that
 * was used (`sign_in`), the token of a link to register a passkey (`link`), or the ticket of a sign-in whose password
 * was correct and whose second factor is pending (`password`).
 */
export type OneTimePurpose = 'passkey' | 'sign_in' | 'link' | 'password'

export class OneTime {
  readonly #sql: SqlStorage
  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  /** @param expiresAt ms since the epoch. @returns false when it was added before */
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

  /** Consumes it. @returns false when it is not valid */
  use(purpose: OneTimePurpose, hash: string): boolean {
    const isThere = this.has(purpose, hash)
    if (isThere) this.#sql.exec('DELETE FROM one_time WHERE hash = ?', hash)
    return isThere
  }

  /** Revokes everything of one kind. */
  removeAll(purpose: OneTimePurpose): void {
    this.#sql.exec('DELETE FROM one_time WHERE purpose = ?', purpose)
  }
}
