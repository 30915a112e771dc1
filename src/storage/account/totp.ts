/** The authenticator app of one account: a shared secret, and how far its codes are used up (RFC 6238). */

/** Before it is confirmed with a code, a secret counts for nothing. */
export interface Totp {
  /** The secret, sealed by `src/kernel/crypto/seal.ts`. */
  sealed: Uint8Array
  /** ISO 8601; null: it is still being set up. */
  enabledAt: string | null
}

type Row = { secret: ArrayBuffer; enabled_at: string | null }

export class TotpStore {
  readonly #sql: SqlStorage
  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  /** The secret that codes are asked of, or undefined. */
  enabled(): Totp | undefined {
    return this.#find('enabled_at IS NOT NULL')
  }

  /** The secret that is being set up, or undefined. */
  pending(): Totp | undefined {
    return this.#find('enabled_at IS NULL')
  }

  /** Keeps a secret that is to be confirmed. One that is in use stays in use meanwhile. */
  begin(sealed: Uint8Array): void {
    this.#sql.exec('DELETE FROM totp WHERE enabled_at IS NULL')
    this.#sql.exec('INSERT INTO totp (secret, last_step) VALUES (?, 0)', sealed)
  }

  /**
   * Puts a pending secret into use, in the place of the one before.
   *
   * @param step of the code that confirmed it, which is used up thereby
   * @returns false when it is not there any more
   */
  enable(sealed: Uint8Array, step: number): boolean {
    const { rowsWritten } = this.#sql.exec(
      'UPDATE totp SET enabled_at = ?, last_step = ? WHERE secret = ? AND enabled_at IS NULL',
      new Date().toISOString(),
      step,
      sealed,
    )
    if (rowsWritten === 0) return false
    this.#sql.exec('DELETE FROM totp WHERE secret <> ?', sealed)
    return true
  }

  /**
   * Uses up a time step, and those before it.
   *
   * @returns false when it was used up already, or the secret is another one by now
   */
  use(sealed: Uint8Array, step: number): boolean {
    const { rowsWritten } = this.#sql.exec(
      'UPDATE totp SET last_step = ? WHERE secret = ? AND last_step < ? AND enabled_at IS NOT NULL',
      step,
      sealed,
      step,
    )
    return rowsWritten > 0
  }

  remove(): void {
    this.#sql.exec('DELETE FROM totp')
  }

  #find(condition: string): Totp | undefined {
    const row = this.#sql
      .exec<Row>(`SELECT secret, enabled_at FROM totp WHERE ${condition}`)
      .toArray()[0]
    return row && { sealed: new Uint8Array(row.secret), enabledAt: row.enabled_at }
  }
}
