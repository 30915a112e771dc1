import type { SealedChanges } from '../mst/tree.ts'
import type { PathChange } from './writes.ts'

/**
 * Keeps what commits replace for as long as an export that began before is running, so that a CAR file
 * is one state of the repository however long the client takes to read it. A kept row was current
 * from its `rev` up to, and not including, `until`.
 *
 * Which exports run is known in memory only: they end with the object. Rows they leave behind are
 * removed when the object starts again.
 */
export class Retired {
  readonly #sql: SqlStorage
  #exports = 0

  constructor(sql: SqlStorage) {
    this.#sql = sql
    this.#clear()
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

  /** Called before a commit `rev` is stored: keeps the rows that it replaces. */
  keep(
    { written, vacated }: SealedChanges,
    changes: ReadonlyMap<string, PathChange>,
    rev: string,
  ): void {
    if (this.#exports === 0) return
    for (const { layer, lo } of [...written.keys(), ...vacated]) {
      this.#sql.exec(
        `INSERT OR IGNORE INTO retired_node
         SELECT layer, lo, cid, rev, block, ? FROM node WHERE layer = ? AND lo = ?`,
        rev,
        layer,
        lo,
      )
    }
    for (const path of changes.keys()) {
      this.#sql.exec(
        `INSERT OR IGNORE INTO retired_record
         SELECT path, cid, rev, block, ? FROM record WHERE path = ?`,
        rev,
        path,
      )
    }
  }

  #clear(): void {
    this.#sql.exec('DELETE FROM retired_node')
    this.#sql.exec('DELETE FROM retired_record')
  }
}
