import { FIRST_LAYOUT, type IndexLayout } from '../../kernel/index-shards.ts'

/**
 * `fills`: it is read from the repositories, and nobody is answered from it; `drains`: another one serves, which gets what its
 * hooks were not told of yet; `clears`: it is about to be deleted.
 */
export type LayoutState = 'fills' | 'serves' | 'drains' | 'clears'

/** A layout of the host's index that has objects. */
export interface StoredLayout extends IndexLayout {
  state: LayoutState
  /** The event behind which it began to serve; null: it is the first that ever did. */
  since: number | null
}

type Row = { generation: number; shards: number; state: LayoutState; since: number | null }

const FIRST: StoredLayout = { ...FIRST_LAYOUT, state: 'serves', since: null }

/** The layouts that the host's index has: one that serves, and, while it changes, one that is to come, or goes. */
export class IndexLayouts {
  readonly #storage: DurableObjectStorage
  readonly #sql: SqlStorage
  /** Read once. */
  #known: readonly StoredLayout[] | undefined

  constructor(storage: DurableObjectStorage, sql: SqlStorage = storage.sql) {
    this.#storage = storage
    this.#sql = sql
  }

  all(): readonly StoredLayout[] {
    if (this.#known) return this.#known
    const rows = this.#sql.exec<Row>('SELECT * FROM index_layout ORDER BY generation').toArray()
    this.#known = rows.length > 0 ? rows : [FIRST]
    return this.#known
  }

  in(state: LayoutState): StoredLayout | undefined {
    return this.all().find((one) => one.state === state)
  }

  get serving(): StoredLayout {
    return this.in('serves') ?? FIRST
  }

  /** What the next one is to be called. */
  planned(shards: number): IndexLayout {
    return { generation: this.serving.generation + 1, shards }
  }

  /** Begins another one, which is to be filled. */
  add({ generation, shards }: IndexLayout): void {
    this.#change(() => {
      for (const { since, ...one } of this.all()) {
        this.#sql.exec(
          'INSERT OR IGNORE INTO index_layout (generation, shards, state, since) VALUES (?, ?, ?, ?)',
          ...[one.generation, one.shards, one.state, since],
        )
      }
      this.#sql.exec(
        "INSERT INTO index_layout (generation, shards, state) VALUES (?, ?, 'fills')",
        ...[generation, shards],
      )
    })
  }

  /** The one that was filled serves, from behind an event; the one that did drains. */
  switch(since: number): void {
    this.#change(() => {
      this.#sql.exec("UPDATE index_layout SET state = 'drains' WHERE state = 'serves'")
      this.#sql.exec(
        "UPDATE index_layout SET state = 'serves', since = ? WHERE state = 'fills'",
        since,
      )
    })
  }

  /** Nothing is left to do with one but to delete it. */
  giveUp({ generation }: IndexLayout): void {
    this.#change(() => {
      this.#sql.exec("UPDATE index_layout SET state = 'clears' WHERE generation = ?", generation)
    })
  }

  remove({ generation }: IndexLayout): void {
    this.#change(() => {
      this.#sql.exec('DELETE FROM index_layout WHERE generation = ?', generation)
    })
  }

  #change(work: () => void): void {
    try {
      this.#storage.transactionSync(work)
    } finally {
      this.#known = undefined
    }
  }
}
