import { type HookLanes, SIZE } from './lanes.ts'
import type { HookTask } from './task.ts'

/** A write of which a hook was told in vain, and that was given up; without its record. */
export interface HookLetter extends Omit<HookTask, 'unheard' | 'stuck' | 'cid' | 'block'> {
  error: string
  /** ms since the epoch. */
  failedAt: number
}

/** Given up writes that are kept, of each collection, and bytes that they come to. */
export const MAX_LETTERS = 1_000
const MAX_LETTER_BYTES = 64 * 1024 * 1024

/** Characters of an error that are kept. */
const MAX_ERROR = 500

type Row = Omit<HookLetter, 'failedAt'> & { failed_at: number }

/** Writes that were given up, for the operator to look at. */
export class HookLetters {
  readonly #storage: DurableObjectStorage
  readonly #sql: SqlStorage
  readonly #lanes: Pick<HookLanes, 'grow' | 'clearCache'>

  constructor(
    storage: DurableObjectStorage,
    sql: SqlStorage,
    lanes: Pick<HookLanes, 'grow' | 'clearCache'>,
  ) {
    this.#storage = storage
    this.#sql = sql
    this.#lanes = lanes
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
      `collection = ?1 AND id <= (
         SELECT max(id) FROM (
           SELECT id, row_number() OVER newest AS place, sum(${SIZE}) OVER newest AS bytes FROM hook_letter
           WHERE collection = ?1 WINDOW newest AS (ORDER BY id DESC)
         ) WHERE place > ${MAX_LETTERS} OR (place > 1 AND bytes > ${MAX_LETTER_BYTES}))`,
      [collection],
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
        .exec<{ collection: string; did: string; n: number; bytes: number }>(
          `SELECT collection, did, count(*) AS n, sum(${SIZE}) AS bytes FROM hook_letter
           WHERE ${condition} GROUP BY collection, did`,
          ...values,
        )
        .toArray()
      this.#sql.exec(
        `INSERT INTO hook_task (collection, did, rkey, action, rev, cid, block, attempts)
         SELECT collection, did, rkey, action, rev, cid, block, 0 FROM hook_letter
         WHERE ${condition} ORDER BY id`,
        ...values,
      )
      for (const { collection, did, n, bytes } of lanes) {
        this.#lanes.grow(collection, did, n, bytes, now)
      }
      return this.#remove(condition, values)
    })
  }

  /** @param id undefined: all of them @returns how many there were */
  drop(id: number | undefined): number {
    return id === undefined ? this.#remove('true', []) : this.#remove('id = ?', [id])
  }

  count(collection: string): number {
    return this.#sql
      .exec<{ n: number }>('SELECT count(*) AS n FROM hook_letter WHERE collection = ?', collection)
      .one().n
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
