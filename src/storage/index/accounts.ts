/** Whether records of an account may be seen: as the log says. */
export type AccountState = 'active' | 'inactive' | 'deleted'

type Row = { id: number; state: AccountState }

/** Accounts that have, or had, records in an index, or that may not be seen. */
export class IndexedAccounts {
  readonly #sql: SqlStorage
  /** Numbers of accounts that may not be seen; undefined: not read yet. */
  #hidden: Set<number> | undefined

  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  find(did: string): Row | undefined {
    return this.#sql.exec<Row>('SELECT id, state FROM account WHERE did = ?', did).toArray()[0]
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

  /** Whether a number still stands for this DID: whoever comes back after a deletion gets another. */
  isStill(id: number, did: string): boolean {
    return this.find(did)?.id === id
  }

  setState(id: number, state: 'active' | 'inactive'): void {
    this.#sql.exec('UPDATE account SET state = ? WHERE id = ?', state, id)
    if (state === 'active') this.#hiddenSet().delete(id)
    else this.#hiddenSet().add(id)
  }

  /** Its records go, at once for whoever asks, and then from the tables. */
  markDeleted(id: number): void {
    this.#sql.exec("UPDATE account SET state = 'deleted', did = 'deleted ' || id WHERE id = ?", id)
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
    this.#sql.exec('DELETE FROM hidden_record WHERE account = ?', id)
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
    this.#hidden = undefined
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
