import { FIRST_LOG, type LogLayout } from '../../kernel/log-shards.ts'
import { FIRST_LAYOUTS, type LogLayoutState, type StoredLogLayout } from './log-division.ts'

type Row = {
  generation: number
  shards: number
  state: LogLayoutState
  began: number | null
}

const ROWS = 'SELECT generation, shards, state, began FROM log_layout ORDER BY generation'

/** The layouts that the log of this host has, and had while there are events of them, the oldest first: kept by the sequencer. */
export class LogLayouts {
  readonly #storage: DurableObjectStorage
  readonly #sql: SqlStorage
  #known: readonly StoredLogLayout[]

  constructor(storage: DurableObjectStorage, sql: SqlStorage = storage.sql) {
    this.#storage = storage
    this.#sql = sql
    this.#known = this.#read()
  }

  all(): readonly StoredLogLayout[] {
    return this.#known
  }

  in(state: LogLayoutState): StoredLogLayout | undefined {
    return this.#known.find((one) => one.state === state)
  }

  get serving(): LogLayout {
    const { generation, shards } = this.in('serves') ?? FIRST_LOG
    return { generation, shards }
  }

  /** Begins another one, which serves from now on. What served before is to hand its accounts over. */
  begin(shards: number): void {
    const generation = this.serving.generation + 1
    this.#change(() => {
      this.#sql.exec(
        "INSERT OR IGNORE INTO log_layout (generation, shards, state) VALUES (?, ?, 'serves')",
        ...[FIRST_LOG.generation, FIRST_LOG.shards],
      )
      this.#sql.exec("UPDATE log_layout SET state = 'moves' WHERE state = 'serves'")
      this.#sql.exec(
        "INSERT INTO log_layout (generation, shards, state, began) VALUES (?, ?, 'serves', ?)",
        ...[generation, shards, Date.now()],
      )
    })
  }

  /** All accounts have been handed over. @param head number of the newest event: there come no later ones */
  finishMoving(head: number): void {
    this.#change(() =>
      this.#sql.exec("UPDATE log_layout SET state = 'ages', ended = ? WHERE state = 'moves'", head),
    )
  }

  /** Forgets those whose events all had lower numbers than the oldest that is kept. The sequencer's own stays. */
  removeEnded(oldest: number): void {
    const condition = "state = 'ages' AND ended < ? AND generation > ?"
    const values = [oldest, FIRST_LOG.generation]
    if (this.#sql.exec(`SELECT 1 FROM log_layout WHERE ${condition}`, ...values).toArray().length)
      this.#change(() => this.#sql.exec(`DELETE FROM log_layout WHERE ${condition}`, ...values))
  }

  #change(work: () => void): void {
    try {
      this.#storage.transactionSync(work)
    } finally {
      this.#known = this.#read()
    }
  }

  #read(): readonly StoredLogLayout[] {
    const rows = this.#sql.exec<Row>(ROWS).toArray()
    return rows.length > 0 ? rows : FIRST_LAYOUTS
  }
}

/** The layout that has taken over from that of an object, as the object keeps it. */
export class Successor {
  readonly #sql: SqlStorage
  #known: LogLayout | undefined

  constructor(sql: SqlStorage) {
    this.#sql = sql
    this.#known = sql.exec<Row>(ROWS).toArray().at(-1)
  }

  /** Undefined: the object takes events. */
  get layout(): LogLayout | undefined {
    const known = this.#known
    return known && { generation: known.generation, shards: known.shards }
  }

  /** No event is taken any more, whatever happens. */
  set({ generation, shards }: LogLayout): void {
    if (this.#known && this.#known.generation >= generation) return
    this.#sql.exec(
      "INSERT INTO log_layout (generation, shards, state) VALUES (?, ?, 'serves')",
      ...[generation, shards],
    )
    this.#known = { generation, shards }
  }
}
