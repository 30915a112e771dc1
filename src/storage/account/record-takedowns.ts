import { createHash } from 'node:crypto'

/**
 * Records that were taken down. They stay in the repository, whose signed tree names them, and are read by nobody who
 * asks for records. A takedown is of what is at a path: it outlives an update, and ends with the record.
 */
export class RecordTakedowns {
  readonly #sql: SqlStorage
  readonly #changed: () => void
  /** Whether there are any: as a rule there are none, and reading records costs no more than without them. */
  #any: boolean | undefined
  #digest: string | undefined

  /** @param changed to be told in the turn of each change */
  constructor(sql: SqlStorage, changed: () => void = () => undefined) {
    this.#sql = sql
    this.#changed = changed
  }

  /** A condition on a row of `record`, to be put behind others: whether it may be read. */
  get visible(): string {
    return this.#hasAny()
      ? 'AND NOT EXISTS (SELECT 1 FROM record_takedown WHERE record_takedown.path = record.path)'
      : ''
  }

  /** Reference of the takedown of a record. */
  find(path: string): string | undefined {
    if (!this.#hasAny()) return undefined
    const [row] = this.#sql
      .exec<{ ref: string }>('SELECT ref FROM record_takedown WHERE path = ?', path)
      .toArray()
    return row?.ref
  }

  /** Another text for each set of records that were taken down; empty: there are none. Reads a row for each, once. */
  digest(): string {
    if (!this.#hasAny()) return ''
    if (this.#digest === undefined) {
      const paths = createHash('sha256')
      for (const { path } of this.#sql.exec<{ path: string }>(
        'SELECT path FROM record_takedown ORDER BY path',
      )) {
        paths.update(`${path}\n`)
      }
      this.#digest = paths.digest('base64url').slice(0, 22)
    }
    return this.#digest
  }

  set(path: string, ref: string): void {
    this.#sql.exec('INSERT OR REPLACE INTO record_takedown (path, ref) VALUES (?, ?)', path, ref)
    this.clearCache()
  }

  remove(path: string): void {
    if (!this.#hasAny()) return
    this.#sql.exec('DELETE FROM record_takedown WHERE path = ?', path)
    this.clearCache()
  }

  /** After the records have changed all at once: a takedown ends with its record. */
  review(): void {
    if (!this.#hasAny()) return
    this.#sql.exec(
      `DELETE FROM record_takedown
       WHERE NOT EXISTS (SELECT 1 FROM record WHERE record.path = record_takedown.path)`,
    )
    this.clearCache()
  }

  /** Drops the cache, after a change or a rollback. */
  clearCache(): void {
    this.#any = undefined
    this.#digest = undefined
    this.#changed()
  }

  #hasAny(): boolean {
    this.#any ??= this.#sql.exec('SELECT 1 FROM record_takedown LIMIT 1').toArray().length > 0
    return this.#any
  }
}
