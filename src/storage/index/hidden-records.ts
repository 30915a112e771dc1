/** Records that are remembered to have been told of: many more than change while one page is on its way. */
const MAX_TOLD = 1_000

/**
 * Records that were taken down, as their accounts have told. A takedown is of what is at a path, whether it is indexed yet or
 * not, and ends with a deletion that came after it.
 */
export class HiddenRecords {
  readonly #sql: SqlStorage
  /** Whether there are any: as a rule there are none, and nothing is looked up. */
  #any: boolean | undefined
  /** When the last takedowns and reversals were told, by account and path, the oldest first. */
  readonly #told = new Map<string, number>()
  #tellings = 0

  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  /** How often it was told of a takedown, or of its end, since this object is in memory. */
  get tellings(): number {
    return this.#tellings
  }

  /** To be called when an account tells how it is now: a page that was asked for before knows less. */
  noteTold(account: number, path: string): void {
    const key = `${account} ${path}`
    this.#told.delete(key)
    this.#told.set(key, ++this.#tellings)
    const [oldest] = this.#told.keys()
    if (this.#told.size > MAX_TOLD && oldest !== undefined) this.#told.delete(oldest)
  }

  /** Whether it was told of a record after that many tellings. */
  wasToldSince(account: number, path: string, tellings: number): boolean {
    return (this.#told.get(`${account} ${path}`) ?? 0) > tellings
  }

  /** Rev of the repository when a record was last known to be taken down; undefined: it is not. */
  find(account: number, path: string): string | undefined {
    if (!this.#hasAny()) return undefined
    return this.#sql
      .exec<{ rev: string }>(
        'SELECT rev FROM hidden_record WHERE account = ? AND path = ?',
        account,
        path,
      )
      .toArray()[0]?.rev
  }

  /** Paths that were taken down when the repository was as it was at a rev, or older. */
  pathsBefore(account: number, rev: string): Set<string> {
    if (!this.#hasAny()) return new Set()
    const rows = this.#sql.exec<{ path: string }>(
      'SELECT path FROM hidden_record WHERE account = ? AND rev <= ?',
      account,
      rev,
    )
    return new Set(rows.toArray().map(({ path }) => path))
  }

  set(account: number, path: string, rev: string): void {
    this.#sql.exec(
      'INSERT OR REPLACE INTO hidden_record (account, path, rev) VALUES (?, ?, ?)',
      ...[account, path, rev],
    )
    this.#any = true
  }

  remove(account: number, path: string): void {
    this.#sql.exec('DELETE FROM hidden_record WHERE account = ? AND path = ?', account, path)
    this.#any = undefined
  }

  /** All of an account. */
  forget(account: number): void {
    this.#sql.exec('DELETE FROM hidden_record WHERE account = ?', account)
    this.#any = undefined
  }

  /** Drops the cache, after a rollback. */
  clearCache(): void {
    this.#any = undefined
  }

  #hasAny(): boolean {
    this.#any ??= this.#sql.exec('SELECT 1 FROM hidden_record LIMIT 1').toArray().length > 0
    return this.#any
  }
}
