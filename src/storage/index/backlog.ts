import type { HookLanes } from './lanes.ts'

/** A part of the log that is read for accounts that are behind. */
export interface CatchUp {
  /** Number of the event behind which it begins. */
  readonly from: number
  /** Accounts for whose writes there was no room on the way. */
  readonly full: Set<string>
}

/** Whose writes of what. */
export const laneKey = (collection: string, did: string): string => `${collection} ${did}`

interface Behind {
  collection: string
  did: string
  seq: number
}

/**
 * Accounts for whose writes there was no room among those that wait for a hook: these are in the log, and read from there, in
 * their order, when there is room.
 */
export class HookBacklog {
  readonly #sql: SqlStorage
  readonly #lanes: Pick<HookLanes, 'free' | 'enough'>
  /** Whether there are any; undefined: not known. */
  #isEmpty: boolean | undefined

  constructor(sql: SqlStorage, lanes: Pick<HookLanes, 'free' | 'enough'>) {
    this.#sql = sql
    this.#lanes = lanes
  }

  isEmpty(): boolean {
    this.#isEmpty ??= this.#sql.exec('SELECT 1 FROM hook_behind LIMIT 1').toArray().length === 0
    return this.#isEmpty
  }

  has(collection: string, did: string): boolean {
    if (this.isEmpty()) return false
    const rows = this.#sql.exec(
      'SELECT 1 FROM hook_behind WHERE collection = ? AND did = ?',
      collection,
      did,
    )
    return rows.toArray().length > 0
  }

  /** Writes of an account are to be read from the log behind an event. */
  set(collection: string, did: string, seq: number): void {
    this.#sql.exec('INSERT OR REPLACE INTO hook_behind VALUES (?, ?, ?)', collection, did, seq)
    this.#isEmpty = false
  }

  remove(collection: string, did: string): void {
    this.#sql.exec('DELETE FROM hook_behind WHERE collection = ? AND did = ?', collection, did)
    this.#isEmpty = undefined
  }

  /** All of a collection. */
  forget(collection: string): void {
    this.#sql.exec('DELETE FROM hook_behind WHERE collection = ?', collection)
    this.#isEmpty = undefined
  }

  /** Behind which event to read, for accounts with room; undefined: there is none. Reads a row for each account that is behind. */
  start(): number | undefined {
    if (this.isEmpty()) return undefined
    const collections = this.#sql
      .exec<{ collection: string }>('SELECT DISTINCT collection FROM hook_behind')
      .toArray()
    const starts = collections.flatMap(({ collection }) => {
      const free = this.#lanes.free(collection)
      if (free < this.#lanes.enough) return []
      const { seq } = this.#sql
        .exec<{ seq: number | null }>(
          `SELECT min(seq) AS seq FROM hook_behind LEFT JOIN hook_lane USING (collection, did)
           WHERE hook_behind.collection = ? AND ifnull(held, 0) * 2 <= ?`,
          collection,
          free,
        )
        .one()
      return seq ?? []
    })
    return starts.length > 0 ? Math.min(...starts) : undefined
  }

  /** Those of whom everything up to where a part is read is known: where each was left. */
  readers({ from, full }: CatchUp): Map<string, Behind> {
    const rows = this.#sql.exec<{ collection: string; did: string; seq: number }>(
      'SELECT collection, did, seq FROM hook_behind WHERE seq >= ?',
      from,
    )
    const readers = new Map<string, Behind>()
    for (const row of rows) {
      const key = laneKey(row.collection, row.did)
      if (!full.has(key)) readers.set(key, row)
    }
    return readers
  }

  /**
   * Of those who were left before an event everything up to there is gone.
   *
   * @returns how many they are, by collection
   */
  skipTo(seq: number): Map<string, number> {
    const skipped = new Map<string, number>()
    const rows = this.#sql.exec<{ collection: string }>(
      'UPDATE hook_behind SET seq = ?1 WHERE seq < ?1 RETURNING collection',
      seq,
    )
    for (const { collection } of rows) {
      skipped.set(collection, (skipped.get(collection) ?? 0) + 1)
    }
    return skipped
  }

  /** How many accounts of a collection are behind. */
  count(collection: string): number {
    return this.#sql
      .exec<{ n: number }>('SELECT count(*) AS n FROM hook_behind WHERE collection = ?', collection)
      .one().n
  }

  clearCache(): void {
    this.#isEmpty = undefined
  }
}
