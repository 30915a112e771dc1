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
  /** Counts replacements of the whole repository. */
  #epoch = 0

  constructor(sql: SqlStorage) {
    this.#sql = sql
    this.#clear()
  }

  /** Begins an export. */
  hold(): Hold {
    this.#exports++
    const epoch = this.#epoch
    let held = true
    return {
      check: () => {
        if (this.#epoch !== epoch) throw new ReplacedError()
      },
      release: () => {
        if (!held) return
        held = false
        this.#exports--
        if (this.#exports === 0) this.#clear()
      },
    }
  }

  /** The repository was replaced as a whole: exports that are running cannot go on. */
  breakExports(): void {
    this.#epoch++
    this.#clear()
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

  /** Looks before it deletes: a statement that may write makes a start wait for the disk. */
  #clear(): void {
    for (const table of ['retired_node', 'retired_record']) {
      const rows = this.#sql.exec(`SELECT 1 FROM ${table} LIMIT 1`).toArray()
      if (rows.length > 0) this.#sql.exec(`DELETE FROM ${table}`)
    }
  }
}

/** A running export's claim on the state that it began with. */
export interface Hold {
  /** @throws ReplacedError when that state is gone */
  check(): void
  /** Ends the claim; may be called more than once. */
  release(): void
}

/** The repository was replaced by an import while it was exported. */
export class ReplacedError extends Error {
  override name = 'ReplacedError'
  constructor() {
    super('the repository was replaced while it was exported')
  }
}
