/** Recovery codes of one account, by their hash. A row is a code that still works. */
export class RecoveryCodes {
  readonly #sql: SqlStorage
  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  /** How many are left. */
  count(): number {
    return this.#sql.exec<{ n: number }>('SELECT count(*) AS n FROM recovery_code').one().n
  }

  /** Keeps new codes; those before work no more. */
  replace(hashes: readonly string[]): void {
    this.#sql.exec('DELETE FROM recovery_code')
    for (const hash of hashes) this.#sql.exec('INSERT INTO recovery_code (hash) VALUES (?)', hash)
  }

  /** Uses a code up. @returns false when there is no such code */
  use(hash: string): boolean {
    return this.#sql.exec('DELETE FROM recovery_code WHERE hash = ?', hash).rowsWritten > 0
  }
}
