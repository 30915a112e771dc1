/** Whether records of an account may be seen: as the log says. */
export type AccountState = 'active' | 'inactive' | 'deleted'

type Row = { id: number; state: AccountState }

/** Accounts that are cached. */
const MAX_CACHED = 10_000

/** Accounts that have, or had, records in an index, or that may not be seen. */
export class IndexedAccounts {
  readonly #sql: SqlStorage
  /** Cache of accounts by DID. */
  readonly #known = new Map<string, Row>()
  /** Numbers of accounts that may not be seen; undefined: not read yet. */
  #hidden: Set<number> | undefined

  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  find(did: string): Row | undefined {
    const known = this.#known.get(did)
    if (known) return known
    const [row] = this.#sql.exec<Row>('SELECT id, state FROM account WHERE did = ?', did).toArray()
    if (row) this.#cache(did, row)
    return row
  }

  /** The number of an account, which gets one if it has none. */
  ensure(did: string): number {
    const known = this.find(did)
    if (known) return known.id
    return this.#sql
      .exec<{ id: number }>(
        "INSERT INTO account (did, state) VALUES (?, 'active') RETURNING id",
        did,
      )
      .one().id
  }

  /** Whose number it is; undefined: nobody's. */
  didOf(id: number): string | undefined {
    return this.#sql.exec<{ did: string }>('SELECT did FROM account WHERE id = ?', id).toArray()[0]
      ?.did
  }

  /** Whether a number still stands for this DID: whoever comes back after a deletion gets another. */
  isStill(id: number, did: string): boolean {
    return this.find(did)?.id === id
  }

  setState(id: number, state: 'active' | 'inactive'): void {
    this.#sql.exec('UPDATE account SET state = ? WHERE id = ?', state, id)
    this.#known.clear()
    if (state === 'active') this.#hiddenSet().delete(id)
    else this.#hiddenSet().add(id)
  }

  /** Its records go, at once for whoever asks, and then from the tables. */
  markDeleted(id: number): void {
    this.#sql.exec("UPDATE account SET state = 'deleted', did = 'deleted ' || id WHERE id = ?", id)
    this.#known.clear()
    this.#hiddenSet().add(id)
  }

  /** One that is deleted, and whose records are not yet. */
  nextDeleted(): number | undefined {
    return this.#sql
      .exec<{ id: number }>("SELECT id FROM account WHERE state = 'deleted' LIMIT 1")
      .toArray()[0]?.id
  }

  forget(id: number): void {
    this.#sql.exec('DELETE FROM account WHERE id = ?', id)
    this.#hiddenSet().delete(id)
  }

  mayBeSeen(id: number): boolean {
    return !this.#hiddenSet().has(id)
  }

  /** How many may not be seen. */
  get hiddenCount(): number {
    return this.#hiddenSet().size
  }

  /** Drops the cache, after a rollback. */
  clearCache(): void {
    this.#known.clear()
    this.#hidden = undefined
  }

  #cache(did: string, row: Row): void {
    if (this.#known.size >= MAX_CACHED) this.#known.clear()
    this.#known.set(did, row)
  }

  #hiddenSet(): Set<number> {
    this.#hidden ??= new Set(
      this.#sql
        .exec<{ id: number }>("SELECT id FROM account WHERE state <> 'active'")
        .toArray()
        .map(({ id }) => id),
    )
    return this.#hidden
  }
}
