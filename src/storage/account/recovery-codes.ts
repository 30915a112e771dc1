/** Recovery codes of one account, by their hash. A row is an unused code. */
export class RecoveryCodes {
  readonly #sql: SqlStorage
  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  /** Unused codes. */
  count(): number {
    return this.#sql.exec<{ n: number }>('SELECT count(*) AS n FROM recovery_code').one().n
  }

  /** Replaces all codes. */
  replace(hashes: readonly string[]): void {
    this.#sql.exec('DELETE FROM recovery_code')
    for (const hash of hashes) this.#sql.exec('INSERT INTO recovery_code (hash) VALUES (?)', hash)
  }

  /** Consumes a code. @returns false when it is not valid */
  use(hash: string): boolean {
    return this.#sql.exec('DELETE FROM recovery_code WHERE hash = ?', hash).rowsWritten > 0
  }
}
