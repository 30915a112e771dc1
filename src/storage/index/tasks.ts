import type { LoggedChange } from './feed.ts'
import { HookLetters } from './letters.ts'
import { bytesOf, type HookTask, type Stored } from './task.ts'

/** What became of an attempt: `again` is when the next one is due, in ms since the epoch; without it, it is given up. */
export type TaskEnd = { done: true } | { done: false; error: string; again?: number }

/** How hooks of one collection are doing. */
export interface HookCounts {
  collection: string
  /** Writes that wait, those that are under way included. */
  waiting: number
  /** Attempts that failed. */
  failed: number
  /** Given up, and kept. */
  letters: number
  /** Given up, and not kept any more, since there were too many. */
  dropped: number
}

/**
 * Writes that hooks are to be told of. Those of one account and collection are a lane: they are told one after the other,
 * and while the first of them waits for its next attempt, the others wait behind it.
 */
export class HookTasks {
  readonly letters: HookLetters
  readonly #storage: DurableObjectStorage
  readonly #sql: SqlStorage

  constructor(storage: DurableObjectStorage, sql: SqlStorage = storage.sql) {
    this.letters = new HookLetters(storage, sql)
    this.#storage = storage
    this.#sql = sql
  }

  /** To be called in the transaction that moves the position in the log. */
  add(
    did: string,
    rev: string,
    { collection, rkey, action, cid, block }: LoggedChange,
    now: number,
  ): void {
    this.#sql.exec(
      `INSERT INTO hook_task (collection, did, rkey, action, rev, cid, block, attempts)
       VALUES (?, ?, ?, ?, ?, ?, ?, 0)`,
      ...[collection, did, rkey, action, rev, cid ?? null, block ?? null],
    )
    this.#sql.exec(
      'INSERT OR IGNORE INTO hook_lane (collection, did, due_at) VALUES (?, ?, ?)',
      collection,
      did,
      now,
    )
  }

  /** When the next task of a collection is due, in ms since the epoch. */
  dueAt(collection: string): number | undefined {
    return (
      this.#sql
        .exec<{ due: number | null }>(
          'SELECT min(due_at) AS due FROM hook_lane WHERE collection = ?',
          collection,
        )
        .one().due ?? undefined
    )
  }

  /** The accounts whose first task of a collection is due, the longest waiting first. */
  dueLanes(collection: string, now: number, limit: number): string[] {
    return this.#sql
      .exec<{ did: string }>(
        'SELECT did FROM hook_lane WHERE collection = ? AND due_at <= ? ORDER BY due_at LIMIT ?',
        collection,
        now,
        limit,
      )
      .toArray()
      .map(({ did }) => did)
  }

  /**
   * The first tasks of some lanes, which are about to be tried: that is noted first, so that one that takes the process with
   * it is given up in the end, too. They may be tried again at once, which is for whoever calls not to do while they are
   * under way. A lane that has none is removed. Of those whose last attempt ended without a word, which may be what ended
   * the process, no more than one is begun.
   *
   * @param mayBeSuspect whether even that one may
   */
  begin(collection: string, dids: readonly string[], mayBeSuspect: boolean): HookTask[] {
    let isFree = mayBeSuspect
    return this.#storage.transactionSync(() =>
      dids.flatMap((did) => {
        const [row] = this.#sql
          .exec<Stored<HookTask>>(
            'SELECT * FROM hook_task WHERE collection = ? AND did = ? ORDER BY id LIMIT 1',
            collection,
            did,
          )
          .toArray()
        if (!row) {
          this.#removeLane(collection, did)
          return []
        }
        if (row.unheard > 0 && !isFree) return []
        if (row.unheard > 0) isFree = false
        this.#sql.exec('UPDATE hook_task SET unheard = unheard + 1 WHERE id = ?', row.id)
        return [{ ...row, ...bytesOf(row), unheard: row.unheard + 1 }]
      }),
    )
  }

  /** Whether there is more in the lane of a task, behind it. */
  hasNext({ id, collection, did }: HookTask): boolean {
    const rows = this.#sql.exec(
      'SELECT 1 FROM hook_task WHERE collection = ? AND did = ? AND id > ? LIMIT 1',
      ...[collection, did, id],
    )
    return rows.toArray().length > 0
  }

  /** Notes what became of attempts, all at once. */
  end(ended: readonly (readonly [HookTask, TaskEnd])[], now: number): void {
    this.#storage.transactionSync(() => {
      for (const [task, end] of ended) this.#end(task, end, now)
    })
  }

  /** Reads a row for each write that waits and for each that was given up. */
  counts(collections: readonly string[]): HookCounts[] {
    const of = (table: string, collection: string) =>
      this.#sql
        .exec<{ n: number }>(`SELECT count(*) AS n FROM ${table} WHERE collection = ?`, collection)
        .one().n
    return collections.map((collection) => {
      const [row] = this.#sql
        .exec<{ failed: number; dropped: number }>(
          'SELECT failed, dropped FROM hook_count WHERE collection = ?',
          collection,
        )
        .toArray()
      return {
        collection,
        waiting: of('hook_task', collection),
        letters: of('hook_letter', collection),
        ...(row ?? { failed: 0, dropped: 0 }),
      }
    })
  }

  #end(task: HookTask, end: TaskEnd, now: number): void {
    const { id, collection, did } = task
    if (!end.done) {
      this.#count(collection, 'failed', 1)
      if (end.again !== undefined) {
        this.#sql.exec('UPDATE hook_task SET attempts = attempts + 1, unheard = 0 WHERE id = ?', id)
        this.#setDue(collection, did, end.again)
        return
      }
      const dropped = this.letters.add(task, end.error, now)
      if (dropped > 0) this.#count(collection, 'dropped', dropped)
    }
    this.#sql.exec('DELETE FROM hook_task WHERE id = ?', id)
    const more = this.#sql
      .exec('SELECT 1 FROM hook_task WHERE collection = ? AND did = ? LIMIT 1', collection, did)
      .toArray()
    if (more.length > 0) this.#setDue(collection, did, now)
    else this.#removeLane(collection, did)
  }

  #setDue(collection: string, did: string, dueAt: number): void {
    this.#sql.exec(
      'UPDATE hook_lane SET due_at = ? WHERE collection = ? AND did = ?',
      dueAt,
      collection,
      did,
    )
  }

  #removeLane(collection: string, did: string): void {
    this.#sql.exec('DELETE FROM hook_lane WHERE collection = ? AND did = ?', collection, did)
  }

  #count(collection: string, what: 'failed' | 'dropped', by: number): void {
    this.#sql.exec(
      `INSERT INTO hook_count (collection, failed, dropped)
       VALUES (?1, iif(?2 = 'failed', ?3, 0), iif(?2 = 'dropped', ?3, 0))
       ON CONFLICT (collection) DO UPDATE SET
         failed = failed + excluded.failed, dropped = dropped + excluded.dropped`,
      collection,
      what,
      by,
    )
  }
}
