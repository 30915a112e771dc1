import type { HookTask } from './task.ts'

/** A write of which a hook was told in vain, and that was given up; without its record. */
export interface HookLetter extends Omit<HookTask, 'unheard' | 'cid' | 'block'> {
  error: string
  /** ms since the epoch. */
  failedAt: number
}

/** Given up writes that are kept, of each collection. */
export const MAX_LETTERS = 1_000

/** Characters of an error that are kept. */
const MAX_ERROR = 500

type Row = Omit<HookLetter, 'failedAt'> & { failed_at: number }

/** Writes that were given up, for the operator to look at. */
export class HookLetters {
  readonly #storage: DurableObjectStorage
  readonly #sql: SqlStorage

  constructor(storage: DurableObjectStorage, sql: SqlStorage = storage.sql) {
    this.#storage = storage
    this.#sql = sql
  }

  /** Keeps a task that is about to be removed; in a transaction of the caller's. @returns how many are not kept any more */
  add({ id, collection }: HookTask, error: string, now: number): number {
    this.#sql.exec(
      `INSERT INTO hook_letter (collection, did, rkey, action, rev, cid, block, attempts, error, failed_at)
       SELECT collection, did, rkey, action, rev, cid, block, attempts + unheard, ?, ? FROM hook_task WHERE id = ?`,
      error.slice(0, MAX_ERROR),
      now,
      id,
    )
    return this.#remove(
      `collection = ? AND id <= (SELECT id FROM hook_letter WHERE collection = ?
         ORDER BY id DESC LIMIT 1 OFFSET ${MAX_LETTERS})`,
      [collection, collection],
    )
  }

  /** The newest first. */
  list(limit: number, before = Number.MAX_SAFE_INTEGER): HookLetter[] {
    return this.#sql
      .exec<Row>(
        `SELECT id, collection, did, rkey, action, rev, attempts, error, failed_at
         FROM hook_letter WHERE id < ? ORDER BY id DESC LIMIT ?`,
        before,
        limit,
      )
      .toArray()
      .map(({ failed_at, ...row }) => ({ ...row, failedAt: failed_at }))
  }

  /**
   * Puts given up writes behind what waits in their lanes.
   *
   * @param id undefined: all of them
   * @returns how many there were
   */
  replay(id: number | undefined, now: number): number {
    return this.#storage.transactionSync(() => {
      const [condition, values] = id === undefined ? ['true', []] : ['id = ?', [id]]
      const lanes = this.#sql
        .exec<{ collection: string; did: string }>(
          `SELECT DISTINCT collection, did FROM hook_letter WHERE ${condition}`,
          ...values,
        )
        .toArray()
      this.#sql.exec(
        `INSERT INTO hook_task (collection, did, rkey, action, rev, cid, block, attempts)
         SELECT collection, did, rkey, action, rev, cid, block, 0 FROM hook_letter
         WHERE ${condition} ORDER BY id`,
        ...values,
      )
      for (const { collection, did } of lanes) {
        this.#sql.exec(
          'INSERT OR IGNORE INTO hook_lane (collection, did, due_at) VALUES (?, ?, ?)',
          collection,
          did,
          now,
        )
      }
      return this.#remove(condition, values)
    })
  }

  /** @param id undefined: all of them @returns how many there were */
  drop(id: number | undefined): number {
    return id === undefined ? this.#remove('true', []) : this.#remove('id = ?', [id])
  }

  /** Those of an account that is gone. */
  forget(did: string): void {
    this.#sql.exec('DELETE FROM hook_letter WHERE did = ?', did)
  }

  #remove(condition: string, values: (string | number)[]): number {
    return this.#sql
      .exec(`DELETE FROM hook_letter WHERE ${condition} RETURNING 1`, ...values)
      .toArray().length
  }
}
