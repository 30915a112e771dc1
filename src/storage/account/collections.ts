/**
 * Which collections hold records, as far as the host has to be told of it: the sequencer keeps a list for
 * `com.atproto.sync.listReposByCollection`. A change is noted in the transaction that makes it, and told with the
 * events of that transaction.
 */

/** A collection and whether it holds at least one record. */
export interface CollectionState {
  name: string
  held: boolean
}

/** Names that are told at once, some 300 kB at most. */
const BATCH = 1_000

/** Names that are cached. */
const MAX_CACHED = 1_000

/** Where collections stand that changed from empty to not empty or back, and the host has not been told. */
export class Collections {
  readonly #sql: SqlStorage
  /** Cache of names of collections that are not empty. */
  readonly #held = new Set<string>()
  /** Whether the table is known to be empty. */
  #allTold = false

  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  /**
   * Looks at a collection before it is written to: reads a row, or none where it is known to hold records.
   *
   * @returns to be called after the write, in the same transaction; where records were deleted it reads a row
   */
  watch(name: string): (deleted: boolean) => void {
    const before = this.#held.has(name) || this.#isHeld(name)
    return (deleted) => {
      const after = !deleted || this.#isHeld(name)
      if (after) this.#cache(name)
      else this.#held.delete(name)
      if (before !== after) this.#add('VALUES (?)', name)
    }
  }

  /** Notes all collections there are, before and after all of them are replaced. */
  addAll(): void {
    this.clearCache()
    this.#add(`SELECT name FROM (${ALL})`)
  }

  /** What is to be told, at most 1,000 names. Reads two rows for each. */
  untold(): CollectionState[] {
    if (this.#allTold) return []
    const names = this.#sql
      .exec<{ name: string }>('SELECT name FROM untold_collection LIMIT ?', BATCH)
      .toArray()
    this.#allTold = names.length === 0
    return names.map(({ name }) => ({ name, held: this.#isHeld(name) }))
  }

  /** The host knows of these, as they were. */
  confirm(told: readonly CollectionState[]): void {
    for (const { name, held } of told) {
      if (this.#isHeld(name) === held) {
        this.#sql.exec('DELETE FROM untold_collection WHERE name = ?', name)
      }
    }
  }

  /** Drops the cache, after a rollback. */
  clearCache(): void {
    this.#held.clear()
    this.#allTold = false
  }

  #add(rows: string, ...bindings: string[]): void {
    this.#allTold = false
    this.#sql.exec(`INSERT OR IGNORE INTO untold_collection (name) ${rows}`, ...bindings)
  }

  #cache(name: string): void {
    if (this.#held.size >= MAX_CACHED) this.#held.clear()
    this.#held.add(name)
  }

  /** '0' is the character after '/': the range holds the paths of this collection and no others. */
  #isHeld(name: string): boolean {
    const rows = this.#sql.exec(
      'SELECT 1 FROM record WHERE path > ? AND path < ? LIMIT 1',
      `${name}/`,
      `${name}0`,
    )
    return rows.toArray().length > 0
  }
}

const ALL = collectionNames('', '')

/**
 * A query for the names of all collections, in order: skips from one to the next, a row for each.
 *
 * @param limit how many at most
 * @param condition on the rows of `record` that count
 */
export function collectionNames(limit: string, condition: string): string {
  return `
  WITH RECURSIVE collection (name) AS (
    SELECT (
      SELECT substr(path, 1, instr(path, '/') - 1) FROM record
      WHERE true ${condition} ORDER BY path LIMIT 1
    )
    UNION ALL
    SELECT (
      SELECT substr(path, 1, instr(path, '/') - 1) FROM record
      WHERE path >= collection.name || '0' ${condition} ORDER BY path LIMIT 1
    )
    FROM collection WHERE name IS NOT NULL ${limit}
  )
  SELECT name FROM collection WHERE name IS NOT NULL`
}
