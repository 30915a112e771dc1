import type { SealedChanges } from '../mst/tree.ts'
import { dropOrphanPieces } from './split-blocks.ts'
import type { PathChange } from './writes.ts'

/**
 * Snapshot isolation for exports: while one is running, the rows that commits replace are copied, so that a
 * CAR file is one state of the repository however long the client takes to read it. A copied row was
 * current from its `rev` up to, and not including, `until`.
 *
 * Running exports are counted in memory: they end with the object. Rows they leave behind are deleted before the next
 * export or commit. An export whose client reads nothing for a while, or takes too long, is ended: as long as
 * it runs, nothing that is replaced is deleted.
 */
export class ExportSnapshots {
  readonly #sql: SqlStorage
  readonly #limits: ExportTimeLimits
  readonly #running = new Set<RunningExport>()
  #isWatching = false
  /** Counts replacements of the whole repository. */
  #epoch = 0
  /** Whether nothing is left of exports of an object before this one. */
  #isSwept = false

  constructor(sql: SqlStorage, limits: ExportTimeLimits = { idle: MINUTE, total: 60 * MINUTE }) {
    this.#sql = sql
    this.#limits = limits
  }

  /** Whether any export is running. */
  get isRunning(): boolean {
    return this.#running.size > 0
  }

  /** Begins an export: rows of the current state are kept until it is released. */
  hold(): Hold {
    this.#sweep()
    const epoch = this.#epoch
    const { promise: lapsed, resolve } = Promise.withResolvers<ExportError>()
    const now = Date.now()
    const running: RunningExport = { startedAt: now, readAt: now, lapse: resolve }
    this.#running.add(running)
    this.#watch()
    return {
      lapsed,
      release: () => this.#release(running),
      check: () => {
        if (this.#epoch !== epoch) {
          throw new ExportError('the repository was replaced while it was exported')
        }
        if (!this.#running.has(running)) throw new ExportError('the export has ended')
        running.readAt = Date.now()
      },
    }
  }

  #release(running: RunningExport): void {
    if (this.#running.delete(running) && this.#running.size === 0) this.#clear()
  }

  /**
   * Ends exports that take too long, by one timer for all of them that is never cancelled: workerd keeps a cancelled
   * one, some 300 bytes, until the time it was set for.
   */
  #watch(): void {
    if (this.#isWatching || this.#running.size === 0) return
    this.#isWatching = true
    const { idle, total } = this.#limits
    setTimeout(() => {
      this.#isWatching = false
      const now = Date.now()
      for (const running of this.#running) {
        if (now - running.readAt < idle && now - running.startedAt < total) continue
        this.#release(running)
        running.lapse(new ExportError('the client took too long to read the repository'))
      }
      this.#watch()
    }, Math.min(idle, total) / 4)
  }

  /** Aborts running exports, after the repository was replaced as a whole. */
  breakExports(): void {
    this.#epoch++
    this.#clear()
  }

  /** To be called before commit `rev` is stored: copies the rows that it replaces. */
  keep(
    { written, vacated }: SealedChanges,
    changes: ReadonlyMap<string, PathChange>,
    rev: string,
  ): void {
    this.#sweep()
    if (this.#running.size === 0) return
    for (const { layer, lo } of [...written.keys(), ...vacated]) {
      this.#sql.exec(
        `INSERT OR IGNORE INTO snapshot_node
         SELECT layer, lo, cid, rev, block, ? FROM node WHERE layer = ? AND lo = ?`,
        rev,
        layer,
        lo,
      )
    }
    for (const path of changes.keys()) {
      this.#sql.exec(
        `INSERT OR IGNORE INTO snapshot_record
         SELECT path, cid, rev, block, ? FROM record WHERE path = ?`,
        rev,
        path,
      )
    }
  }

  /** To be called after the records at some paths were replaced: an export may still need what they were. */
  dropUnused(): void {
    if (this.#running.size === 0) dropOrphanPieces(this.#sql)
  }

  #sweep(): void {
    if (this.#isSwept || this.#running.size > 0) return
    // What was deleted may be rolled back: then it is looked for again.
    this.#isSwept = !this.#clear()
  }

  /** Reads before it deletes: a statement that may write waits for the disk. @returns whether there was anything */
  #clear(): boolean {
    let found = false
    for (const table of ['snapshot_node', 'snapshot_record']) {
      const rows = this.#sql.exec(`SELECT 1 FROM ${table} LIMIT 1`).toArray()
      if (rows.length === 0) continue
      found = true
      this.#sql.exec(`DELETE FROM ${table}`)
    }
    dropOrphanPieces(this.#sql)
    return found
  }
}

const MINUTE = 60_000

interface RunningExport {
  /** ms since the epoch. */
  readonly startedAt: number
  /** When its client last read, in ms since the epoch. */
  readAt: number
  lapse(error: ExportError): void
}

/** How long an export may take, in ms, up to a quarter more. */
export interface ExportTimeLimits {
  /** Between two reads of its client. */
  idle: number
  total: number
}

/** The hold of a running export on the snapshot that it reads. */
export interface Hold {
  /** To be called before each read. @throws ExportError when the snapshot is gone */
  check(): void
  /** Resolves when the client has taken too long; the hold is released then. */
  lapsed: Promise<ExportError>
  /** Ends the hold; may be called more than once. */
  release(): void
}

/** A hold on what nothing changes, for whoever sees to it that it ends. */
export const freeHold = (): Hold => ({
  check: () => undefined,
  lapsed: new Promise(() => undefined),
  release: () => undefined,
})

/** An export cannot go on, since its snapshot is gone. */
export class ExportError extends Error {
  override name = 'ExportError'
}
