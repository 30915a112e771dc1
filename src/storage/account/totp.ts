/** TOTP of one account: the shared secret and the last time step that was used (RFC 6238). */

/** A secret is not asked for at sign-in until it was confirmed with a code. */
export interface Totp {
  /** The secret, encrypted by `src/kernel/crypto/encrypt.ts`. */
  sealed: Uint8Array
  /** ISO 8601; null: not confirmed yet. */
  enabledAt: string | null
}

type Row = { secret: ArrayBuffer; enabled_at: string | null }

export class TotpStore {
  readonly #sql: SqlStorage
  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  /** The confirmed secret, or undefined. */
  enabled(): Totp | undefined {
    return this.#find('enabled_at IS NOT NULL')
  }

  /** The unconfirmed secret, or undefined. */
  pending(): Totp | undefined {
    return this.#find('enabled_at IS NULL')
  }

  /** Stores a secret that is to be confirmed. The confirmed one stays in use until then. */
  begin(sealed: Uint8Array): void {
    this.#sql.exec('DELETE FROM totp WHERE enabled_at IS NULL')
    this.#sql.exec('INSERT INTO totp (secret, last_step) VALUES (?, 0)', sealed)
  }

  /**
   * Confirms a secret; it replaces the one before.
   *
   * @param step time step of the code that confirmed it, which is consumed
   * @returns false when it was replaced meanwhile
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
   * Consumes a time step, and those before it.
   *
   * @returns false when it was consumed before, or the secret was replaced meanwhile
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

  /** All secrets, encrypted. */
  sealed(): Uint8Array[] {
    return this.#sql
      .exec<{ secret: ArrayBuffer }>('SELECT secret FROM totp')
      .toArray()
      .map(({ secret }) => new Uint8Array(secret))
  }

  /** The same secret, encrypted anew. */
  rewrap(before: Uint8Array, sealed: Uint8Array): void {
    this.#sql.exec('UPDATE totp SET secret = ? WHERE secret = ?', sealed, before)
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
