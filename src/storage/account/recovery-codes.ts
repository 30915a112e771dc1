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

  /** Replaces all codes. @param sealedKeys under which they are hashed, encrypted */
  replace(hashes: readonly string[], sealedKeys?: Uint8Array): void {
    this.#sql.exec('DELETE FROM recovery_code')
    this.#sql.exec('DELETE FROM recovery_code_key')
    if (sealedKeys) this.addKeys(sealedKeys)
    for (const hash of hashes) this.#sql.exec('INSERT INTO recovery_code (hash) VALUES (?)', hash)
  }

  /** Keys of which one is that under which the codes are hashed; undefined: those of an earlier release, see `addKeys`. */
  sealedKeys(): Uint8Array | undefined {
    const [row] = this.#sql
      .exec<{ sealed: ArrayBuffer }>('SELECT sealed FROM recovery_code_key')
      .toArray()
    return row && new Uint8Array(row.sealed)
  }

  /** Codes of an earlier release are hashed under the host's secret itself, which stands here once it is another one. */
  addKeys(sealed: Uint8Array): void {
    this.#sql.exec(
      'INSERT OR IGNORE INTO recovery_code_key (only_row, sealed) VALUES (1, ?)',
      sealed,
    )
  }

  /** The same keys, encrypted anew. */
  rewrap(before: Uint8Array, sealed: Uint8Array): void {
    this.#sql.exec('UPDATE recovery_code_key SET sealed = ? WHERE sealed = ?', sealed, before)
  }

  /** Consumes a code. @returns false when it is not valid */
  use(hash: string): boolean {
    return this.#sql.exec('DELETE FROM recovery_code WHERE hash = ?', hash).rowsWritten > 0
  }
}
