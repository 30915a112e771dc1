/**
 * Keeps what a commit replaces for as long as an export that began before it is running, so that a
 * CAR file is one state of the repository however long the client takes to read it.
 *
 * Which exports run is known in memory only: they end with the object. Rows they leave behind are
 * removed when the object starts again.
 */
export class Retired {
  readonly #sql: SqlStorage
  #exports = 0

  constructor(sql: SqlStorage) {
    this.#sql = sql
    if (sql.exec('SELECT 1 FROM retired LIMIT 1').toArray().length > 0) this.#clear()
  }

  /** Begins an export; the returned function ends it and may be called more than once. */
  hold(): () => void {
    this.#exports++
    let held = true
    return () => {
      if (!held) return
      held = false
      this.#exports--
      if (this.#exports === 0) this.#clear()
    }
  }

  keepNode(cid: string): void {
    if (this.#exports === 0) return
    this.#sql.exec('INSERT OR IGNORE INTO retired SELECT cid, block FROM node WHERE cid = ?', cid)
  }

  keepRecord(path: string): void {
    if (this.#exports === 0) return
    this.#sql.exec(
      'INSERT OR IGNORE INTO retired SELECT cid, block FROM record WHERE path = ?',
      path,
    )
  }

  get(cid: string): Uint8Array | undefined {
    const row = this.#sql
      .exec<{ block: ArrayBuffer }>('SELECT block FROM retired WHERE cid = ?', cid)
      .toArray()[0]
    return row && new Uint8Array(row.block)
  }

  #clear(): void {
    this.#sql.exec('DELETE FROM retired')
  }
}
